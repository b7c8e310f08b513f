import { isSluiceError, type BatchResult, type PublishBaseOptions, type Receipt, type SluiceError } from '@sluice/core'
import type { PublishResult } from '../history/event.js'
import { ConformanceFailure, show } from './assert.js'
import type { Client, Clients } from './clients.js'
import type { Item, ItemTopic } from './item.js'
import type { Journal } from './journal.js'

/** One publish and how it ended. */
export interface Published {
  readonly id: string
  readonly item: Item
  readonly result: PublishResult
  readonly receipt?: Receipt
  readonly error?: SluiceError
}

export interface PublishPlan {
  readonly count: number
  /** Keys to spread over, in turn. @default 16 on a keyed topic, none on others */
  readonly keys?: number
  /** Characters of padding in every payload. @default 0 */
  readonly pad?: number
  /** Most publishes without an answer. @default all of them at once */
  readonly inFlight?: number
  /** Options of single publishes. @default none */
  readonly options?: (item: Item, index: number) => PublishBaseOptions
  /** Publishes may be rejected; the test looks at the results. @default false: a rejection fails the test */
  readonly mayFail?: boolean
}

export interface BatchPlan {
  /** Ids of the members. @default new ones */
  readonly ids?: readonly string[]
  /** Members may fail; the test looks at the results. @default false: one that fails fails the test */
  readonly mayFail?: boolean
}

export interface Publishing {
  /** Publishes one item and records it. Rejects only when the publish rejected with something that is no SluiceError. */
  publishOne(client: Client, topic: ItemTopic<boolean>, item: Item, options?: PublishBaseOptions): Promise<Published>
  /** Publishes many, numbered per key and going on where the last call ended. Resolves when all have ended. */
  publishAll(client: Client, topic: ItemTopic<boolean>, plan: PublishPlan): Promise<readonly Published[]>
  /** Publishes items with one call of `publishBatch`; recorded like single publishes. */
  publishBatch(
    client: Client,
    topic: ItemTopic<boolean>,
    batch: readonly Item[],
    plan?: BatchPlan,
  ): Promise<readonly Published[]>
  /** The next items of a topic, numbered per key, without publishing them. */
  items(topic: ItemTopic<boolean>, plan: Pick<PublishPlan, 'count' | 'keys' | 'pad'>): readonly Item[]
  /** The next item of a key. @default the first key of `items`, null without keys */
  item(topic: ItemTopic<boolean>, key?: string | null): Item
  /** A message id that no other message of the run has. */
  newId(): string
}

export function createPublishing(journal: Journal, clients: Clients, prefix: string): Publishing {
  const { recorder, counters } = journal
  const numbers = new Map<string, number>()
  let ids = 0

  const newId = (): string => `${prefix}-m${++ids}`

  async function publishOne(
    client: Client,
    topic: ItemTopic<boolean>,
    item: Item,
    options: PublishBaseOptions = {},
  ): Promise<Published> {
    const id = options.id ?? newId()
    const end = begin(client, topic, item, id)
    try {
      const receipt = await client.publish(topic, item, { ...options, id })
      return end({ status: 'stored', receipt })
    } catch (error) {
      if (!isSluiceError(error)) throw error
      return end({ status: 'failed', error })
    }
  }

  function begin(
    client: Client,
    topic: ItemTopic<boolean>,
    item: Item,
    id: string,
  ): (result: BatchResult<Receipt>) => Published {
    const instance = clients.nameOf(client)
    const key = topic.keyed ? item.key : null
    counters.invoked++
    counters.messages++
    if (key !== null) counters.keys.add(`${topic.name} ${key}`)
    const row = recorder.publishInvoked({ topic: topic.name, id, instance, key })
    return (outcome) => {
      counters.ended++
      const failed = outcome.status === 'failed' ? outcome.error : undefined
      const result: PublishResult = failed === undefined ? 'ok' : failed.code === 'UNCERTAIN' ? 'uncertain' : 'refused'
      if (!journal.isBuried(instance)) recorder.publishEnded(row, result)
      return {
        id,
        item,
        result,
        ...(outcome.status === 'stored' ? { receipt: outcome.receipt } : { error: outcome.error }),
      }
    }
  }

  async function publishBatch(
    client: Client,
    topic: ItemTopic<boolean>,
    batch: readonly Item[],
    { ids = [], mayFail = false }: BatchPlan = {},
  ): Promise<readonly Published[]> {
    const entries = batch.map((payload, index) => ({ payload, id: ids[index] ?? newId() }))
    const ends = entries.map(({ payload, id }) => begin(client, topic, payload, id))
    const results = await client.publishBatch(topic, entries, { settled: true })
    if (results.length !== entries.length) {
      throw new ConformanceFailure(`a batch of ${entries.length} has ${results.length} results`)
    }
    const published = results.map((result, index) => (ends[index] as (typeof ends)[number])(result))
    for (const one of published) if (!mayFail) mustBeStored(one)
    return published
  }

  function items(topic: ItemTopic<boolean>, plan: Pick<PublishPlan, 'count' | 'keys' | 'pad'>): readonly Item[] {
    const { count, keys = topic.keyed ? 16 : 0, pad = 0 } = plan
    const padding = pad === 0 ? {} : { pad: 'x'.repeat(pad) }
    return Array.from({ length: count }, (_, index) => {
      return { ...item(topic, keys === 0 ? null : `k${index % keys}`), ...padding }
    })
  }

  function item(topic: ItemTopic<boolean>, key: string | null = topic.keyed ? 'k0' : null): Item {
    const stream = `${topic.name} ${key}`
    const n = numbers.get(stream) ?? 0
    numbers.set(stream, n + 1)
    return { key, n }
  }

  return {
    publishOne,
    publishBatch,
    items,
    item,
    newId,
    async publishAll(client, topic, plan) {
      const { inFlight = plan.count, mayFail = false } = plan
      const work = items(topic, plan)
      const results: Published[] = Array.from({ length: work.length })
      let next = 0
      const runOne = async (): Promise<void> => {
        for (let index = next++; index < work.length; index = next++) {
          const item = work[index] as Item
          const published = await publishOne(client, topic, item, plan.options?.(item, index))
          results[index] = published
          if (!mayFail) mustBeStored(published)
        }
      }
      await Promise.all(Array.from({ length: Math.min(inFlight, work.length) }, runOne))
      return results
    },
  }
}

function mustBeStored({ id, result, error }: Published): void {
  if (result !== 'ok') throw new ConformanceFailure(`publish ${id} was rejected: ${show(error)}`)
}
