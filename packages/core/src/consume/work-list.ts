import type { Work } from './work.js'

/** The open deliveries of one claim, oldest first, linked through the works: each message enters and leaves once, and neither makes garbage. */
export class WorkList {
  #oldest: Work | undefined = undefined
  #newest: Work | undefined = undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get oldest(): Work | undefined {
    return this.#oldest
  }

  add(work: Work): void {
    work.open = true
    work.older = this.#newest
    if (this.#newest === undefined) this.#oldest = work
    else this.#newest.newer = work
    this.#newest = work
    this.#size += 1
  }

  /** Nothing happens to one that is out already. */
  delete(work: Work): void {
    if (!work.open) return
    work.open = false
    const { older, newer } = work
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    work.older = undefined
    work.newer = undefined
    this.#size -= 1
  }

  clear(): void {
    while (this.#oldest !== undefined) this.delete(this.#oldest)
  }

  /** While it is walked, copy it first if works may leave: one that has left leads nowhere. */
  *[Symbol.iterator](): Generator<Work, void, undefined> {
    for (let work = this.#oldest; work !== undefined; work = work.newer) yield work
  }
}
