import { checkKeys, checkMs } from '../errors/check-options.js'
import { PermanentError } from '../errors/handler-errors.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { Delivery, GiveBackOptions, SettleRetryOptions } from '../model/delivery.js'
import type { Message } from '../model/message.js'
import { acked, type Outcome } from './outcome.js'
import type { Work } from './work.js'

/** Floor of a give-back: without it a message that nobody wants would be handed over as fast as the machine can. */
const giveBackFloorMs = 100

const done = Promise.resolve()

/** One attempt: the object that a handler holds. It settles once; what it decided is applied when the handler has ended. */
export class CoreDelivery implements Delivery {
  readonly message: Message
  readonly group: string
  readonly attempt: number
  readonly #work: Work
  #outcome: Outcome | undefined
  #controller: AbortController | undefined
  #aborted: SluiceError | undefined
  #onSettled: (() => void) | undefined
  #concluded = false

  constructor(work: Work, message: Message, group: string) {
    this.#work = work
    this.message = message
    this.group = group
    this.attempt = work.failures + 1
  }

  get partition(): number {
    return this.#work.lane.partition.number
  }

  get settled(): boolean {
    return this.#outcome !== undefined
  }

  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** Made when somebody asks: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted)
    }
    return this.#controller.signal
  }

  ack(): Promise<void> {
    return this.#settle(acked)
  }

  retry(options: SettleRetryOptions = {}): Promise<void> {
    checkKeys('retry', options, ['delayMs', 'cause'])
    checkMs('retry.delayMs', options.delayMs)
    const error =
      options.cause ??
      new SluiceError('HANDLER_FAILED', 'the handler asked for a retry', { messageId: this.message.id })
    return this.#settle({ kind: 'retry', delayMs: options.delayMs, error, asked: true })
  }

  deadLetter(reason: string | Error): Promise<void> {
    if (typeof reason !== 'string' && !(reason instanceof Error)) {
      throw new SluiceError('INVALID_OPTION', 'deadLetter takes a text or an Error as its reason', { field: 'reason' })
    }
    return this.#settle({
      kind: 'dead-letter',
      error: typeof reason === 'string' ? new PermanentError(reason) : reason,
    })
  }

  giveBack(options: GiveBackOptions = {}): Promise<void> {
    checkKeys('giveBack', options, ['delayMs'])
    checkMs('giveBack.delayMs', options.delayMs)
    return this.#settle({ kind: 'give-back', delayMs: Math.max(options.delayMs ?? giveBackFloorMs, giveBackFloorMs) })
  }

  abort(reason: SluiceError): void {
    if (this.#aborted !== undefined) return
    this.#aborted = reason
    this.#controller?.abort(reason)
  }

  get abortedBy(): SluiceError | undefined {
    return this.#aborted
  }

  /** It was told to stop and had asked to be told. To return after that is no proof that the work was done; to ack is. */
  get stopped(): boolean {
    return this.#aborted !== undefined && this.#controller !== undefined
  }

  /** Called once, in the call that settles; at once when that has been. For forms in which the settlement is the end of the handler. */
  whenSettled(run: () => void): void {
    if (this.#outcome !== undefined) run()
    else this.#onSettled = run
  }

  /** The handler has ended: what it did not say itself is said for it. Later calls of the handler are second settlements. */
  conclude(outcome: Outcome): Outcome {
    if (this.#outcome === undefined) {
      this.#outcome = outcome
      this.#concluded = true
    }
    return this.#outcome
  }

  #settle(outcome: Outcome): Promise<void> {
    if (this.#outcome !== undefined) {
      // Its end was said for it, and what is said of a lost one has no effect: no reason to throw.
      if (this.#concluded && this.#work.lost) return done
      throw new SluiceError(
        'ALREADY_SETTLED',
        `message ${this.message.id} was settled before (${this.#outcome.kind})`,
        {
          messageId: this.message.id,
          topic: this.message.topic,
          group: this.group,
        },
      )
    }
    this.#outcome = outcome
    this.#onSettled?.()
    return done
  }
}
