import {
  createMessaging,
  defineTopic,
  unchecked,
  type Messaging,
  type Subscription,
  type SubscriptionStats,
  type Topic,
} from '@sluice/core'
import type { Adapter } from '@sluice/core/spi'
import { Flow } from '../measure/flow.js'
import { waitFor } from '../measure/wait-for.js'
import { documentsOf, indexOf, type Document } from './document.js'
import { Places } from './places.js'

/** One or several instances of an application that publish to and consume from the same topics. */
export interface SluiceFlowOptions {
  /** Each instance has one of its own. */
  readonly adapter: () => Promise<Adapter>
  /** Each with connections of its own. The first one publishes as well. */
  readonly instances: number
  /** Each instance subscribes to each of them. */
  readonly topics: number
  /** Partitions of each topic, with keys; `undefined` for topics without keys. */
  readonly partitions: number | undefined
  /** Keys, 1,000 at most. */
  readonly customers: number
  /** Per subscription. @default 100 */
  readonly concurrency?: number
  /** Messages that may be published and not handled yet. @default 2048 */
  readonly distance?: number
  /** What each message takes. @default nothing */
  readonly work?: (place: number) => Promise<unknown>
  /** Each pass begins with a message of a key of its own, whose handler ends when all others are acknowledged. @default false */
  readonly stuck?: boolean
}

export interface SluiceFlow {
  /** From the first subscription until everybody had its share of the partitions. */
  readonly balancedMs: number
  /** Calls to publish in this pass. */
  readonly published: number
  /** Of them, those that are not confirmed. */
  readonly pendingPublishes: number
  /** Deliveries that are here and not settled. */
  readonly open: number
  /** Publishes so many, round the topics in turn; resolves when all are handled and acknowledged. */
  readonly pass: (messages: number) => Promise<void>
  readonly close: () => Promise<void>
}

const group = 'bench'
const bytes = 256
/** Publishes that are begun in one go. */
const groupSize = 256

export async function openSluiceFlow(options: SluiceFlowOptions): Promise<SluiceFlow> {
  const { adapter, instances, partitions, customers, distance = 2_048, concurrency = 100 } = options
  const flow = new Flow(distance)
  const documentOf = documentsOf(bytes, customers)
  const topics = Array.from({ length: options.topics }, (_, index) => topicOf(`flow-${index}`, partitions))
  const places = new Places()
  const stuck = options.stuck === true ? new Stuck() : undefined
  const handle = async (document: Document): Promise<void> => {
    if (document.customer === stuckCustomer) return stuck?.ended
    if (options.work !== undefined) await options.work(indexOf(document))
    places.add(document)
    flow.handled(1)
  }
  const all: Messaging[] = []
  for (let opened = 0; opened < instances; opened += 1) {
    all.push(await createMessaging({ adapter: await adapter() }))
  }
  const [publisher] = all
  if (publisher === undefined) throw new RangeError('there has to be an instance')
  await publisher.provision(topics)
  const startedAt = performance.now()
  const subscriptions = await Promise.all(
    all.flatMap((messaging) =>
      topics.map((topic) => messaging.subscribe(topic, { group, concurrency }, ({ payload }) => handle(payload))),
    ),
  )
  await waitFor('everybody has its share of the partitions', () => isBalanced(subscriptions, options))
  const balancedMs = performance.now() - startedAt
  let expected = 0
  let published = 0

  return {
    balancedMs,
    get published() {
      return published
    },
    get pendingPublishes() {
      return publisher.health().pendingPublishes
    },
    get open() {
      return sumOf(subscriptions, ({ running, waiting, held }) => running + waiting + held)
    },
    pass: async (messages) => {
      places.expect(messages)
      published = 0
      if (stuck !== undefined)
        await publisher.publish(topics[0] as FlowTopic, { ...documentOf(0), customer: stuckCustomer })
      await publishAll(publisher, topics, { flow, documentOf, messages, told: (count) => (published += count) })
      expected += messages
      await flow.drained(() => sumOf(subscriptions, ({ acked }) => acked) >= expected)
      if (stuck !== undefined) {
        stuck.end()
        expected += 1
        await flow.drained(() => sumOf(subscriptions, ({ acked }) => acked) >= expected)
      }
      places.check()
      const acked = sumOf(subscriptions, (stats) => stats.acked)
      if (acked !== expected) throw new Error(`${expected} messages were handled, ${acked} acknowledged`)
    },
    close: async () => {
      await Promise.all(all.map((messaging) => messaging.close()))
    },
  }
}

const stuckCustomer = 'stuck'

/** A handler that does not end by itself. */
class Stuck {
  #end = (): void => {}
  ended: Promise<void> = this.#begin()

  /** The next one begins. */
  end(): void {
    this.#end()
    this.ended = this.#begin()
  }

  #begin(): Promise<void> {
    return new Promise((resolve) => (this.#end = resolve))
  }
}

type FlowTopic = Topic<Document, Document>

function topicOf(name: string, partitions: number | undefined): FlowTopic {
  const schema = unchecked<Document>()
  const groups = [group]
  return partitions === undefined
    ? defineTopic(name, { schema, groups })
    : defineTopic(name, { schema, groups, partitions, key: ({ customer }) => customer })
}

interface Publishing {
  readonly flow: Flow
  readonly documentOf: (index: number) => Document
  readonly messages: number
  readonly told: (count: number) => void
}

async function publishAll(
  messaging: Messaging,
  topics: readonly FlowTopic[],
  { flow, documentOf, messages, told }: Publishing,
): Promise<void> {
  let before: Promise<unknown> = Promise.resolve()
  for (let next = 0; next < messages;) {
    const end = Math.min(next + groupSize, messages)
    flow.published(end - next)
    const stored: Promise<unknown>[] = []
    for (; next < end; next += 1) {
      stored.push(messaging.publish(topics[next % topics.length] as FlowTopic, documentOf(next)))
    }
    told(stored.length)
    // One group is on its way while the next one is made.
    await before
    before = Promise.all(stored)
    await flow.room()
  }
  await before
}

function isBalanced(subscriptions: readonly Subscription[], options: SluiceFlowOptions): boolean {
  const { partitions = 1, instances } = options
  // Without keys there is one queue, and everybody consumes from it.
  if (options.partitions === undefined) return subscriptions.every((one) => one.stats().partitions.length === 1)
  const least = Math.floor(partitions / instances)
  const shares = subscriptions.map((one) => one.stats().partitions.length)
  const claimed = shares.reduce((sum, share) => sum + share, 0)
  return claimed === partitions * options.topics && shares.every((share) => share === least || share === least + 1)
}

const sumOf = (subscriptions: readonly Subscription[], of: (stats: SubscriptionStats) => number): number =>
  subscriptions.reduce((sum, subscription) => sum + of(subscription.stats()), 0)
