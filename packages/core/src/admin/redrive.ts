import { Pace } from '../builtin/pace.js'
import { toSluiceError } from '../errors/wrap.js'
import type { CopySender } from '../failure/copy-sender.js'
import type { Clock } from '../model/clock.js'
import type { StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import type { RedriveReport } from './dead-letters-handle.js'
import type { OpenBox } from './open-box.js'
import { redrivenEnvelope, redrivenPartition } from './redriven-copy.js'

export interface RedriveContext {
  readonly copies: CopySender
  readonly ref: GroupRef
  readonly clock: Clock
  /** Partitions of the topic at the broker. */
  readonly partitions: number
  readonly startTimeoutMs: number
  readonly chosen: (letter: StoredLetter) => boolean
  /** Whether `chosen` can say no. */
  readonly filtered: boolean
  readonly limit: number
  readonly perSecond: number | undefined
  readonly dryRun: boolean
  /** Stops between two letters. */
  readonly signal: AbortSignal
}

/** Letters that may be on their way at once: what a crash repeats at most. */
const chunkSize = 32

/**
 * Sends the letters that are there now, page by page: a page is removed when all that were sent of it are confirmed, so a crash
 * repeats and never loses. Letters that come back because they fail again lie behind the end and are not sent twice.
 */
export async function redrive(box: OpenBox, context: RedriveContext): Promise<RedriveReport> {
  const { limit, perSecond, dryRun, signal } = context
  const run = new Run(box, context)
  const size = perSecond === undefined ? chunkSize : Math.min(chunkSize, Math.max(1, Math.ceil(perSecond / 10)))
  const report = { redriven: 0, skipped: 0 }
  if (limit === 0 || signal.aborted) return report
  const end = await box.end(context.filtered ? Infinity : limit)
  for await (const page of box.pages(end, size)) {
    const chosen: StoredLetter[] = []
    for (const letter of page) {
      if (signal.aborted || report.redriven + chosen.length === limit) break
      if (context.chosen(letter)) chosen.push(letter)
      else report.skipped += 1
    }
    report.redriven += dryRun ? chosen.length : await run.send(chosen)
    if (signal.aborted || report.redriven === limit) break
  }
  return report
}

class Run {
  readonly #box: OpenBox
  readonly #c: RedriveContext
  readonly #pace: Pace | undefined

  constructor(box: OpenBox, context: RedriveContext) {
    this.#box = box
    this.#c = context
    this.#pace = context.perSecond === undefined ? undefined : new Pace(context.perSecond, 1)
  }

  /** How many were sent and removed. Rejects when one was not confirmed; it and what was not sent yet stay. */
  async send(letters: readonly StoredLetter[]): Promise<number> {
    const confirmed = new Set<StoredLetter>()
    const failures: unknown[] = []
    const byKey = new Map<string, Promise<void>>()
    const sending: Promise<void>[] = []
    for (const letter of letters) {
      const key = keyOf(letter)
      // The next one of a key only after the one before: a refusal in between must not let it overtake.
      if (key !== undefined) await byKey.get(key)
      if (!(await this.#mayStart()) || failures.length > 0) break
      const sent = this.#sendOne(letter).then(
        () => void confirmed.add(letter),
        (error: unknown) => void failures.push(error),
      )
      sending.push(sent)
      if (key !== undefined) byKey.set(key, sent)
    }
    await Promise.all(sending)
    await this.#box.remove(letters.filter((letter) => confirmed.has(letter)))
    if (failures.length > 0) throw toSluiceError(failures[0], { ...this.#c.ref })
    return confirmed.size
  }

  #sendOne(letter: StoredLetter): Promise<void> {
    const { copies, ref, clock, partitions, startTimeoutMs } = this.#c
    return copies.send({
      destination: { to: 'group', group: ref },
      partition: redrivenPartition(letter, partitions),
      envelope: redrivenEnvelope(letter, ref, clock.now()),
      timeoutMs: startTimeoutMs,
    })
  }

  /** Waits for the pace; false when it was stopped. */
  async #mayStart(): Promise<boolean> {
    const { clock, signal } = this.#c
    if (signal.aborted) return false
    if (this.#pace === undefined) return true
    for (;;) {
      const waitMs = this.#pace.waitMs(clock.monotonic())
      if (waitMs === 0) break
      await pause(clock, waitMs, signal)
      if (signal.aborted) return false
    }
    this.#pace.take(clock.monotonic())
    return true
  }
}

const keyOf = ({ key }: StoredLetter): string | undefined =>
  key === null ? undefined : Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

/** Waits, or until it is stopped. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
  })
}
