import { emptyCheckpoint, readCheckpoint, writeCheckpoint, type OffsetRun } from './checkpoint.js'

/** Offsets of a partition that are done for good: everything before one, and runs behind it. */
export class DoneOffsets {
  readonly offset: number
  readonly #runs: readonly OffsetRun[]

  constructor(offset: number, runs: readonly OffsetRun[]) {
    this.offset = offset
    this.#runs = runs
  }

  /** As they were stored; what is not understood says nothing but the offset. */
  static read(offset: number, metadata: string): DoneOffsets {
    return new DoneOffsets(offset, readCheckpoint(offset, metadata)?.ahead ?? [])
  }

  has(offset: number): boolean {
    return offset < this.offset || this.#runs.some(({ first, last }) => first <= offset && offset <= last)
  }

  with(offsets: readonly number[]): DoneOffsets {
    const added = offsets.map((offset) => ({ first: offset, last: offset }))
    const sorted = [...this.#runs, ...added].sort((a, b) => a.first - b.first)
    const runs: OffsetRun[] = []
    let { offset } = this
    for (const { first, last } of sorted) {
      const before = runs.at(-1)
      if (first <= offset) offset = Math.max(offset, last + 1)
      else if (before !== undefined && first <= before.last + 1)
        runs[runs.length - 1] = { first: before.first, last: Math.max(before.last, last) }
      else runs.push({ first, last })
    }
    return new DoneOffsets(offset, runs)
  }

  /** `undefined`: there is no room for all of it. */
  write(): { readonly offset: number; readonly metadata: string } | undefined {
    const { offset } = this
    const metadata = writeCheckpoint(offset, { ...emptyCheckpoint, ahead: this.#runs })
    const isWhole = (readCheckpoint(offset, metadata)?.ahead.length ?? 0) === this.#runs.length
    return isWhole ? { offset, metadata } : undefined
  }
}
