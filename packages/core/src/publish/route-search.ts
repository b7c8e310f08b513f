import { isSluiceError, SluiceError } from '../errors/sluice-error.js'
import { isAdapterFailure, toSluiceError } from '../errors/wrap.js'
import { exponentialBackoff } from '../kit/backoff.js'
import type { Cancel, Clock } from '../model/clock.js'
import type { Adapter } from '../spi/adapter.js'
import type { Route } from '../spi/sending.js'
import type { TopicSpec, TopologyReport } from '../spi/topology.js'

export interface SearchRequest {
  readonly name: string
  readonly mode: 'declare' | 'verify' | 'none'
  /** `undefined`: the route is looked up, nothing is created or checked. */
  readonly spec: TopicSpec | undefined
}

const backoff = exponentialBackoff({ fromMs: 50, toMs: 1000 })

/** One question to the broker that any number of callers wait for. It goes on until it is answered or nobody waits any more. */
export class RouteSearch {
  readonly request: SearchRequest
  readonly #adapter: Adapter
  readonly #clock: Clock
  readonly #controller = new AbortController()
  readonly #answer: Promise<void>
  readonly #ended: (route: Route | undefined) => void
  #waiting = 0
  #over = false
  #trouble: SluiceError | undefined

  /** `ended` is called once: with the route, or with nothing when there is none. */
  constructor(adapter: Adapter, clock: Clock, request: SearchRequest, ended: (route: Route | undefined) => void) {
    this.#adapter = adapter
    this.#clock = clock
    this.request = request
    this.#ended = ended
    this.#answer = this.#search()
    // Those who wait have handlers of their own; when the last one has gone, nobody has.
    this.#answer.catch(() => undefined)
  }

  /** What the last try failed with. */
  get trouble(): SluiceError | undefined {
    return this.#trouble
  }

  /** Settles with the search, or rejects when `signal` aborts. */
  async join(signal: AbortSignal): Promise<void> {
    this.#waiting += 1
    let stop: (() => void) | undefined
    try {
      const aborted = new Promise<never>((_, reject) => {
        stop = () => reject(this.#abortReason(signal))
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop)
      })
      await Promise.race([this.#answer, aborted])
    } finally {
      if (stop !== undefined) signal.removeEventListener('abort', stop)
      this.#waiting -= 1
      if (this.#waiting === 0 && !this.#over) {
        this.#end(undefined)
        this.#controller.abort()
      }
    }
  }

  #abortReason(signal: AbortSignal): SluiceError {
    const { reason } = signal as { readonly reason: unknown }
    if (isSluiceError(reason)) return reason
    return (
      this.#trouble ??
      new SluiceError('ABORTED', `topic "${this.request.name}": the caller gave up`, {
        topic: this.request.name,
        cause: reason,
      })
    )
  }

  #end(route: Route | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#ended(route)
  }

  async #search(): Promise<void> {
    const { name } = this.request
    // Whoever begins a search must be able to keep it before it can end.
    await Promise.resolve()
    for (let failures = 1; ; failures += 1) {
      try {
        this.#end(await this.#try())
        return
      } catch (error) {
        const wrapped = toSluiceError(error, { topic: name })
        if (!isPassing(error) || this.#controller.signal.aborted) {
          this.#end(undefined)
          throw wrapped
        }
        this.#trouble = wrapped
        await this.#rest(backoff(failures))
      }
    }
  }

  async #try(): Promise<Route> {
    const { name, spec, mode } = this.request
    const { signal } = this.#controller
    if (spec !== undefined && mode !== 'none')
      judge(name, await this.#adapter.provision({ topics: [spec] }, mode, signal))
    return this.#adapter.route(name, signal)
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#controller
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const cancel: Cancel = this.#clock.after(ms, () => done())
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
    })
  }
}

/** Worth another try: an adapter said so. */
function isPassing(error: unknown): boolean {
  return isAdapterFailure(error) && error.retryable && !error.fatal
}

/** @throws SluiceError UNKNOWN_TOPIC or TOPOLOGY_MISMATCH */
function judge(topic: string, report: TopologyReport): void {
  for (const { entity, state, wanted, found } of report.items) {
    if (state === 'missing')
      throw new SluiceError('UNKNOWN_TOPIC', `topic "${topic}": ${entity} does not exist at the broker`, { topic })
    if (state === 'differs') {
      const text = `topic "${topic}": ${entity}: wanted ${wanted ?? 'something else'}, found ${found ?? 'no answer'}`
      throw new SluiceError('TOPOLOGY_MISMATCH', text, { topic })
    }
  }
}
