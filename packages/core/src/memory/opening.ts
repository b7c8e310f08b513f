import type { Cancel } from '../model/clock.js'
import type { AdapterError } from '../spi/adapter-error.js'
import type { Broker } from './broker.js'

/** What the first connection needs of its client. */
export interface OpeningOptions {
  readonly broker: Broker
  readonly signal: AbortSignal
  /** Runs `run` after a pause that grows. */
  readonly pause: (run: () => void) => Cancel
  /** The broker has taken the connection. */
  readonly connected: () => void
  /** An attempt has failed for a passing reason. */
  readonly refused: (cause: Error & AdapterError) => void
}

/** The first connection: a passing refusal is tried again, a fatal one ends it, and so does the signal. */
export class Opening {
  /** Settles when the connection stands, or when it will not. */
  readonly done: Promise<void>
  readonly #options: OpeningOptions
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #cancel: Cancel | undefined
  #cause: Error & AdapterError
  #over = false

  constructor(options: OpeningOptions) {
    this.#options = options
    this.#cause = options.broker.lost('does not answer')
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal.aborted) this.#onAbort()
    else this.#attempt()
  }

  /** Gives up. */
  end(error: Error & AdapterError): void {
    if (this.#finish()) this.#reject(error)
  }

  readonly #onAbort = (): void => this.end(this.#cause)

  #attempt(): void {
    const { broker, connected, pause, refused } = this.#options
    const { refusal } = broker
    if (refusal?.fatal === true) this.end(refusal)
    else if (refusal !== undefined || broker.silent) {
      this.#cause = refusal ?? broker.lost('does not answer')
      refused(this.#cause)
      this.#cancel = pause(() => this.#attempt())
    } else if (this.#finish()) {
      connected()
      broker.pump.call(this.#resolve)
    }
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#cancel?.()
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    return true
  }
}
