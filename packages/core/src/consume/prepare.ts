import { SluiceError } from '../errors/sluice-error.js'
import { judgeCrash } from '../failure/crash-guard.js'
import type { Message } from '../model/message.js'
import type { Consumer } from '../spi/consuming.js'
import type { GroupRef } from '../spi/sending.js'
import type { Decoder } from './decode.js'
import type { Dedupe } from './dedupe.js'
import type { Settlement } from './settlement.js'
import { gone, type Work } from './work.js'

/** Who waits for works to become ready. */
export interface Party {
  /** Nothing stands between the work and its handler any more. */
  ready(work: Work): void
  /** It does not take part; `end` says what becomes of it. */
  dropped(work: Work, end: () => void): void
}

export interface PreparerContext {
  readonly ref: GroupRef
  readonly decode: Decoder
  readonly dedupe: Dedupe | undefined
  readonly settlement: Settlement
  readonly consumer: () => Consumer
}

/** A suspect whose start cannot be recorded waits this long before the next try. */
const recordRetryMs = 1_000

/** What happens to a work between its choice and its handler: decode, crash guard, idempotency claim, record of the start. */
export class Preparer {
  readonly #c: PreparerContext

  constructor(context: PreparerContext) {
    this.#c = context
  }

  prepare(work: Work, party: Party): void {
    if (work.message !== undefined) {
      this.#guard(work, work.message, party)
      return
    }
    let decoded: Message | Promise<Message>
    try {
      decoded = this.#c.decode(work.inbound, work.lane.keyText)
    } catch (error) {
      this.#undecodable(work, error, party)
      return
    }
    if (decoded instanceof Promise) {
      decoded.then(
        (message) => this.#guard(work, message, party),
        (error: unknown) => this.#undecodable(work, error, party),
      )
    } else this.#guard(work, decoded, party)
  }

  #undecodable(work: Work, error: unknown, party: Party): void {
    work.lastError = error
    party.dropped(work, () => this.#c.settlement.apply(work, { kind: 'dead-letter', error }))
  }

  #guard(work: Work, message: Message, party: Party): void {
    work.message = message
    if (gone(work)) party.dropped(work, () => this.#c.settlement.leave(work))
    else if (work.solo && this.#isConvicted(work)) this.#convict(work, message, party)
    else if (this.#c.dedupe === undefined) this.#record(work, party)
    else this.#claim(this.#c.dedupe, work, message, party)
  }

  #isConvicted(work: Work): boolean {
    const { handovers = 0, starts } = work.inbound
    return judgeCrash({ handovers, starts, survived: work.survived }) === 'convicted'
  }

  #convict(work: Work, message: Message, party: Party): void {
    const { handovers = 0, starts } = work.inbound
    const text = `the message was handed over ${handovers} times without an end, the last ${starts} times alone in its process`
    const error = new SluiceError('CRASH_LOOP', text, { ...this.#c.ref, messageId: message.id })
    party.dropped(work, () => this.#c.settlement.apply(work, { kind: 'dead-letter', error }))
  }

  #claim(dedupe: Dedupe, work: Work, message: Message, party: Party): void {
    const { settlement } = this.#c
    dedupe.claim(work, message, {
      run: () => this.#record(work, party),
      done: () => party.dropped(work, () => (work.lost ? settlement.leave(work) : settlement.skip(work))),
      busy: (retryMs) => party.dropped(work, () => settlement.hold(work, retryMs)),
      refused: (error) => party.dropped(work, () => settlement.apply(work, { kind: 'dead-letter', error })),
    })
  }

  /** The start of a suspect is on record before it can end the process, and only if nothing else keeps it from starting. */
  #record(work: Work, party: Party): void {
    if (!work.solo || gone(work)) {
      this.#prepared(work, party)
      return
    }
    const { inbound } = work
    // The adapter may keep its own count up to date in there.
    const before = inbound.starts
    work.startsBefore = before
    const record = (starts: number): Promise<void> => this.#c.consumer().recordStart(inbound, starts)
    record(before + 1).then(
      () => {
        // Whoever gets it now must not take it for one that has ended a process.
        if (gone(work)) record(before).catch(() => undefined)
        this.#prepared(work, party)
      },
      () => party.dropped(work, () => this.#c.settlement.hold(work, recordRetryMs)),
    )
  }

  #prepared(work: Work, party: Party): void {
    if (gone(work)) party.dropped(work, () => this.#c.settlement.abandon(work))
    else party.ready(work)
  }
}
