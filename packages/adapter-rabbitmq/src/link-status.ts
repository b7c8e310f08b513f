import { adapterError, type AdapterContext, type AdapterError, type Side, type SideState } from '@sluice/core/spi'

type Failure = Error & AdapterError

/** What core and operators are told of one side: each change once, however often it is noticed. */
export class LinkStatus {
  /** Why there is no session. */
  trouble: Failure | undefined
  readonly #context: AdapterContext
  readonly #side: Side
  #state: SideState | undefined
  #cause: string | undefined

  constructor(context: AdapterContext, side: Side) {
    this.#context = context
    this.#side = side
  }

  connecting(): void {
    this.#tell('connecting')
  }

  ready(): void {
    this.#cause = undefined
    this.#context.log.info(`rabbitmq ${this.#side}: connected`)
    this.#tell('ready')
  }

  blocked(reason: string): void {
    const text = `the broker takes no messages: ${reason === '' ? 'it gives no reason' : reason}`
    this.#context.log.warn(`rabbitmq ${this.#side}: ${text}`)
    this.#tell('blocked', adapterError('BLOCKED', text, { retryable: true }))
  }

  /** A session has ended. */
  lost(cause: Failure): void {
    this.trouble = cause
    this.#cause = cause.code
    this.#context.log.warn(`rabbitmq ${this.#side}: connection lost: ${cause.text}`)
    this.#tell('lost', cause)
  }

  /** An attempt to connect has failed. Only a new kind of trouble is news: attempts are many. */
  refused(cause: Failure, address: string): void {
    this.trouble = cause
    const isNews = this.#cause !== cause.code
    this.#cause = cause.code
    const text = `rabbitmq ${this.#side}: no connection: ${cause.text}`
    if (!isNews) return this.#context.log.debug(text, { address })
    this.#context.log.warn(text, { address })
    this.#tell('lost', cause)
  }

  #tell(state: SideState, cause?: Failure): void {
    if (this.#state === state && cause === undefined) return
    this.#state = state
    this.#context.state(this.#side, state, cause)
  }
}
