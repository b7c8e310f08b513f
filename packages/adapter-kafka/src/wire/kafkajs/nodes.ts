import type { TimerHeap } from '@sluice/core/spi'
import { KafkaError } from '../kafka-error.js'
import type { HostAndPort, KafkaTarget } from '../port.js'
import { openNode, type OpenNode } from './open-node.js'

/**
 * What a connection is for. A node answers the requests of one connection in their order, so what it holds back has one for itself: a fetch
 * waits for records, a join for all members of its group, and what deletes for all replicas.
 */
export type Purpose = 'ask' | 'produce' | 'delete' | `fetch ${string}` | `group ${string}`

/** Connections to the nodes of a cluster: one for each purpose, opened when it is needed, and gone when it ends. */
export class Nodes {
  readonly #target: KafkaTarget
  readonly #timers: TimerHeap
  readonly #open = new Map<string, Promise<OpenNode>>()
  readonly #closing = new AbortController()

  constructor(target: KafkaTarget, timers: TimerHeap) {
    this.#target = target
    this.#timers = timers
  }

  /** The same until it has ended. Rejects with a {@link KafkaError} when there is none in time. */
  use(at: HostAndPort, purpose: Purpose): Promise<OpenNode> {
    const key = `${at.host}:${at.port} ${purpose}`
    let open = this.#open.get(key)
    if (open === undefined) {
      open = this.#begin(at, key)
      this.#open.set(key, open)
    }
    return open
  }

  /** Nobody needs it any more. */
  release(purpose: Purpose): void {
    for (const [key, open] of this.#open) {
      if (!key.endsWith(` ${purpose}`)) continue
      this.#open.delete(key)
      destroy(open)
    }
  }

  close(): void {
    this.#closing.abort(closed())
    for (const open of this.#open.values()) destroy(open)
    this.#open.clear()
  }

  async #begin(at: HostAndPort, key: string): Promise<OpenNode> {
    const forget = (): void => void this.#open.delete(key)
    const limit = new AbortController()
    const { connectTimeoutMs } = this.#target
    const cancel = this.#timers.after(connectTimeoutMs, () => {
      const text = `${at.host}:${at.port}: no connection within ${connectTimeoutMs} ms`
      limit.abort(new KafkaError(text, { kind: 'io', errno: 'ETIMEDOUT' }))
    })
    try {
      const signal = AbortSignal.any([limit.signal, this.#closing.signal])
      const options = { target: this.#target, timers: this.#timers, closed: forget }
      return await openNode(at, options, signal)
    } catch (error) {
      forget()
      throw error
    } finally {
      cancel()
    }
  }
}

function destroy(open: Promise<OpenNode>): void {
  void open.then(
    ({ connection }) => connection.destroy(closed()),
    () => undefined,
  )
}

const closed = (): KafkaError => new KafkaError('closed by this side', { kind: 'closed' })
