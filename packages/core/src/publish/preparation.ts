import { Deque } from '../kit/deque.js'
import type { Middleware } from '../model/middleware.js'
import type { Entry } from './entry.js'
import { Outgoing } from './outgoing.js'
import { runMiddleware, type Commit } from './run-middleware.js'

/**
 * Messages in the hands of middleware at once. Each costs some kilobytes until it is answered, many times a message that only waits: so
 * the rest waits as it is, at its place in the order.
 */
const mostInHand = 1_000

/** Gives messages to the middleware, in the order in which the buffer took them in. */
export class Preparation {
  readonly #chain: readonly Middleware[]
  readonly #commit: Commit
  readonly #waiting = new Deque<Entry>()
  #inHand = 0

  constructor(middleware: readonly Middleware[], commit: Commit) {
    this.#chain = middleware.filter((one) => one.publish !== undefined)
    this.#commit = commit
  }

  get needed(): boolean {
    return this.#chain.length > 0
  }

  offer(entry: Entry): void {
    if (entry.stage !== 'preparing') return
    this.#waiting.push(entry)
    this.#next()
  }

  #next(): void {
    while (this.#inHand < mostInHand) {
      const entry = this.#waiting.shift()
      if (entry === undefined) return
      // Answered while it waited: aborted, too late, closed.
      if (entry.owner === undefined) continue
      this.#inHand += 1
      void runMiddleware(entry, new Outgoing(entry), this.#chain, this.#commit).finally(() => {
        this.#inHand -= 1
        this.#next()
      })
    }
  }
}
