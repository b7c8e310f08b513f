import type { AdapterContext, AdapterError, SideState } from '@sluice/core/spi'

type Failure = Error & AdapterError

/** What core and operators are told of the cluster: each change once, however often it is noticed. Both sides stand and fall with it. */
export class Reachability {
  /** Why it cannot be reached. */
  trouble: Failure | undefined
  readonly #context: AdapterContext
  #state: SideState | undefined
  #cause: string | undefined

  constructor(context: AdapterContext) {
    this.#context = context
  }

  connecting(): void {
    if (this.#state === undefined) this.#tell('connecting')
  }

  ready(): void {
    this.trouble = undefined
    this.#cause = undefined
    if (this.#state === 'ready') return
    this.#context.log.info('kafka: connected')
    this.#tell('ready')
  }

  lost(cause: Failure): void {
    // That the time is up says less than why.
    if (cause.code !== 'TIMEOUT' || this.trouble === undefined) this.trouble = cause
    if (this.#state === 'lost' && this.#cause === cause.code) return
    this.#cause = cause.code
    this.#context.log.warn(`kafka: the cluster cannot be reached: ${cause.text}`)
    this.#tell('lost', cause)
  }

  #tell(state: SideState, cause?: Failure): void {
    this.#state = state
    this.#context.state('publish', state, cause)
    this.#context.state('consume', state, cause)
  }
}
