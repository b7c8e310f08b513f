import { standardHeaders, type HeaderList } from '../model/headers.js'
import type { Work } from './work.js'

interface Memory {
  readonly failures: number
  readonly firstFailureMs: number | undefined
  readonly firstFailureAt: number | undefined
  readonly lastFailureAt: number | undefined
  readonly notBeforeMs: number
  readonly survived: boolean
  readonly survivedHandovers: number
  readonly single: boolean
}

const mostRemembered = 10_000

/**
 * What this process knows about deliveries that the broker is about to hand over again: without it a reconnect would start the count of
 * attempts anew and cut a retry delay short. Bounded; the oldest are forgotten first.
 */
export class RecordedFailures {
  readonly #memories = new Map<string, Memory>()

  remember(work: Work): void {
    const { identity } = work
    if (identity === undefined) return
    if (this.#memories.size >= mostRemembered) {
      const oldest = this.#memories.keys().next()
      if (oldest.done !== true) this.#memories.delete(oldest.value)
    }
    const { failures, firstFailureMs, firstFailureAt, lastFailureAt, notBeforeMs, survived, single } = work
    this.#memories.set(nameOf(work, identity), {
      failures,
      firstFailureMs,
      firstFailureAt,
      lastFailureAt,
      notBeforeMs,
      survived,
      survivedHandovers: work.survivedHandovers + 1,
      single,
    })
  }

  /** Fills in what is known: from the adapter, from the headers of a durable copy, from this process. The largest count is the true one: none of them over-counts. */
  recall(work: Work): void {
    work.failures = Math.max(work.failures, countInHeaders(work))
    // First of all, because a position is made a text when it is asked for.
    if (this.#memories.size === 0) return
    const { identity } = work
    if (identity === undefined) return
    const name = nameOf(work, identity)
    const memory = this.#memories.get(name)
    if (memory === undefined) return
    this.#memories.delete(name)
    work.failures = Math.max(work.failures, memory.failures)
    work.firstFailureMs = memory.firstFailureMs
    work.firstFailureAt ??= memory.firstFailureAt
    work.lastFailureAt ??= memory.lastFailureAt
    work.notBeforeMs = memory.notBeforeMs
    work.survived = memory.survived
    work.survivedHandovers = memory.survivedHandovers
    work.single = memory.single
  }
}

const nameOf = (work: Work, identity: string): string => `${work.lane.partition.number} ${identity}`

function countInHeaders(work: Work): number {
  let count = 0
  const { headers } = work.inbound
  // By index: on the path of every message, and taking pairs apart makes an iterator for each.
  for (let index = 0; index < headers.length; index += 1) {
    const header = headers[index] as HeaderList[number]
    const name = header[0]
    const value = header[1]
    if (name === standardHeaders.failures) count = wholeNumber(value) ?? count
    else if (name === standardHeaders.firstFailureMs) work.firstFailureAt = wholeNumber(value)
    else if (name === standardHeaders.lastFailureMs) work.lastFailureAt = wholeNumber(value)
  }
  return count
}

function wholeNumber(value: string | Uint8Array): number | undefined {
  const text = typeof value === 'string' ? value : new TextDecoder().decode(value)
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
