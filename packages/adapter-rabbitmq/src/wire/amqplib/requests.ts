import type { WireError } from '../wire-error.js'
import type { InnerChannel } from './internals.js'
import { reasonOf, unencodable } from './reasons.js'

export type Answer<T> = (error: Error | null, ok?: T) => void

/**
 * The requests of one channel, one after the other.
 *
 * amqplib has a queue for them too, but encodes what waits in it while it handles a frame: a request that cannot be encoded would take the
 * connection down, and one that cannot be encoded at once leaves the channel waiting for ever. It also forgets a `get` whose message was
 * under way when the channel ended.
 */
export class Requests {
  readonly #channel: InnerChannel
  readonly #before: () => void
  readonly #waiting: Request[] = []
  #current: Request | undefined
  #end: WireError | undefined
  #onIdle: (() => void)[] = []

  /** @param before called before each is written */
  constructor(channel: InnerChannel, before: () => void) {
    this.#channel = channel
    this.#before = before
  }

  run<T>(send: (answer: Answer<T>) => void): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ send, resolve, reject })
      if (this.#current === undefined) this.#next()
    })
  }

  /** Resolves when everything asked for so far is answered, or the channel has ended. */
  idle(): Promise<void> {
    if (this.#current === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  end(reason: WireError): void {
    this.#end = reason
    if (this.#current !== undefined) this.#waiting.unshift(this.#current)
    this.#current = undefined
    for (const request of this.#waiting.splice(0)) request.reject(reason)
    this.#tellIdle()
  }

  #next(): void {
    const request = this.#waiting.shift()
    this.#current = request
    if (request === undefined) return this.#tellIdle()
    this.#before()
    try {
      request.send((error, ok) => this.#answered(request, error, ok))
    } catch (error) {
      this.#channel.reply = null
      request.reject(unencodable(error))
      this.#next()
    }
  }

  #answered(request: Request, error: Error | null, ok: unknown): void {
    if (this.#current !== request) return
    if (error === null) {
      request.resolve(ok)
      this.#next()
    } else if (typeof (error as { readonly code?: unknown }).code === 'number') {
      // The channel ends with it. Everything else is rejected by that end, which knows why.
      request.reject(reasonOf(error, 'channel'))
    }
  }

  #tellIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

interface Request {
  send(answer: Answer<unknown>): void
  resolve(ok: unknown): void
  reject(reason: WireError): void
}
