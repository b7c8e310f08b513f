import type { Cancel } from '../model/clock.js'
import { adapterError, type AdapterError } from '../spi/adapter-error.js'

interface Waiting {
  attempt(): void
  reject(error: Error & AdapterError): void
}

/** Lets a question and its answer travel. */
export type Travel = (run: () => void) => Cancel

/** Questions to the broker. Each is answered at once or after its time on the way, or when the broker can be reached again, or ends with its signal. */
export class Requests {
  readonly #passes: () => boolean
  readonly #travel: Travel | undefined
  readonly #waiting = new Set<Waiting>()
  #ended: (Error & AdapterError) | undefined

  constructor(passes: () => boolean, travel: Travel | undefined) {
    this.#passes = passes
    this.#travel = travel
  }

  get size(): number {
    return this.#waiting.size
  }

  add<T>(signal: AbortSignal, run: () => T): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      let travelling: Cancel | undefined
      const answer = (): void => {
        travelling = undefined
        if (!this.#passes()) return
        leave()
        try {
          resolve(run())
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      const waiting: Waiting = {
        attempt: () => {
          if (this.#travel === undefined) answer()
          else if (this.#passes()) travelling ??= this.#travel(answer)
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const onAbort = (): void => waiting.reject(unanswered())
      const leave = (): void => {
        travelling?.()
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', onAbort)
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(waiting)
      waiting.attempt()
    })
  }

  /** The broker can be reached again, perhaps. */
  retry(): void {
    for (const waiting of [...this.#waiting]) waiting.attempt()
  }

  /** Nothing is answered any more. */
  end(error: Error & AdapterError): void {
    this.#ended = error
    for (const waiting of [...this.#waiting]) waiting.reject(error)
  }
}

const unanswered = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'the broker did not answer in time', { retryable: true })
