import { setTimeout as sleep } from 'node:timers/promises'
import type { PublishBaseOptions } from '@sluice/core'
import type { Client } from './clients.js'
import type { ItemTopic } from './item.js'
import type { Published, Publishing } from './publishing.js'

export interface LoadOptions {
  /** Publishes without an answer at a time. @default 64 */
  readonly inFlight?: number
  /** @default 16 on a keyed topic, none on others */
  readonly keys?: number
  /** Characters of padding. @default 0 */
  readonly pad?: number
  /** How many are handled so far. Where it is known, nothing more is published while two thousand wait: they have to end in the end. */
  readonly handled?: () => number
  /** Options of single publishes. @default none */
  readonly options?: (index: number) => PublishBaseOptions
}

/** A stream of publishes that goes on until it is stopped. */
export interface Load {
  /** Publishes that have ended so far. */
  readonly results: readonly Published[]
  /** Starts no more publishes; resolves with all results when the last has ended. */
  stop(): Promise<readonly Published[]>
}

/** Starts a {@link Load}; rejected publishes are results, not failures. */
export type StartLoad = (client: Client, topic: ItemTopic<boolean>, options?: LoadOptions) => Load

const mostAhead = 2_000
const lookMs = 5

export function createStartLoad({ item, publishOne }: Publishing): StartLoad {
  return (client, topic, { inFlight = 64, keys = topic.keyed ? 16 : 0, pad = 0, handled, options } = {}) => {
    const results: Published[] = []
    let stopped = false
    let index = 0
    let stored = 0
    const isAhead = (): boolean => handled !== undefined && stored - handled() >= mostAhead
    const padding = pad === 0 ? {} : { pad: 'x'.repeat(pad) }
    const run = async (): Promise<void> => {
      while (!stopped) {
        const turn = index++
        const payload = { ...item(topic, keys === 0 ? null : `k${turn % keys}`), ...padding }
        const published = await publishOne(client, topic, payload, options?.(turn))
        results.push(published)
        if (published.result === 'ok') stored += 1
        // Publishes that are answered in microtasks would let nothing else of the process happen.
        await new Promise((resolve) => setImmediate(resolve))
        while (!stopped && isAhead()) await sleep(lookMs)
      }
    }
    const running = Promise.all(Array.from({ length: inFlight }, run))
    // Told to whoever stops it; until then nobody listens.
    running.catch(() => undefined)
    return {
      results,
      async stop() {
        stopped = true
        await running
        return results
      },
    }
  }
}
