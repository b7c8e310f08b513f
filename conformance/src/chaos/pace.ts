import type { Planned } from './schedule.js'

/** Messages in all per second that a long run is planned for. */
const plannedPerSecond = 1_100
const mostPerSecond = 3_000
const leastGapMs = 500

/** How long to wait between faults, so that the messages last as long as the faults without a hurry. */
export function gapMs(messages: number, schedule: readonly Planned[]): number {
  const faultsMs = schedule.reduce((sum, { kind }) => sum + kind.expectedMs, 0)
  const planned = (messages / plannedPerSecond) * 1_000
  return Math.max(leastGapMs, (planned - faultsMs) / Math.max(1, schedule.length))
}

/** Faults may take longer than expected, on a machine with other things to do. */
const leastSlack = 1.3
/** Publishes go on for so long behind the last fault, so that it does not run dry. */
const tailMs = 10_000

/** Decides how fast to publish, so that the messages last for all faults. */
export class Pace {
  readonly #messages: number
  readonly #schedule: readonly Planned[]
  readonly #gap: number
  readonly #began: number

  constructor(messages: number, schedule: readonly Planned[], gap: number, now: number) {
    this.#messages = messages
    this.#schedule = schedule
    this.#gap = gap
    this.#began = now
  }

  /** Messages per second, when so many are published and so many faults are over. */
  perSecond(published: number, faultsOver: number, now: number): number {
    const expected = this.#expectedMs(this.#schedule.slice(0, faultsOver))
    // Who was late so far will be late again.
    const late = expected === 0 ? 1 : (now - this.#began) / expected
    const ms = this.#expectedMs(this.#schedule.slice(faultsOver)) * leastSlack * Math.max(1, late) + tailMs
    return Math.min(mostPerSecond, Math.max(0, this.#messages - published) / (ms / 1_000))
  }

  #expectedMs(faults: readonly Planned[]): number {
    return faults.reduce((sum, { kind }) => sum + kind.expectedMs + this.#gap, 0)
  }
}
