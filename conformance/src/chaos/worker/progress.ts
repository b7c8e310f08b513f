import type { Counts, Report } from '../crew/protocol.js'

const everyMs = 50

/** Counts what this process does, and tells whoever started it. */
export class Progress {
  readonly #counts: { -readonly [Name in keyof Counts]: Counts[Name] } = { publishes: 0, answers: 0, runs: 0, ends: 0 }
  readonly #newest: Record<string, number> = {}
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#tell(), everyMs)
    this.#timer.unref()
  }

  count(what: keyof Counts): void {
    this.#counts[what] += 1
  }

  /** A message that was published at that time has come that far. */
  reached(where: string, at: number): void {
    if (at > (this.#newest[where] ?? 0)) this.#newest[where] = at
  }

  get unanswered(): number {
    return this.#counts.publishes - this.#counts.answers
  }

  end(): void {
    clearInterval(this.#timer)
    this.#tell()
  }

  #tell(): void {
    tell({ kind: 'progress', newest: this.#newest, ...this.#counts })
  }
}

/** The one who listens may be gone. */
export function tell(report: Report): void {
  if (process.connected) process.send?.(report, undefined, {}, () => undefined)
}
