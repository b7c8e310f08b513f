import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { type } from 'arktype'
import { assertType, describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  createMessaging,
  defineTopic,
  unchecked,
  type Adapter,
  type BatchResult,
  type Capabilities,
  type Delivery,
  type Handler,
  type Message,
  type Messaging,
  type Receipt,
} from '@sluice/core'

const Order = z.object({ id: z.string(), customerId: z.string(), cents: z.number().default(0) })
const orders = defineTopic('orders', { schema: Order, key: (o) => o.customerId, partitions: 8 })
const unkeyed = defineTopic('notes', { schema: v.object({ text: v.string() }) })
const events = defineTopic('order-events', {
  types: {
    placed: type({ orderId: 'string', lines: 'number' }),
    paid: z.object({ orderId: z.string(), cents: z.number() }),
  },
  key: (e) => e.orderId,
})

type QueueCapabilities = Capabilities & { readonly replay: false }
type LogCapabilities = Capabilities & { readonly replay: true }
declare const messaging: Messaging
declare const queueMessaging: Messaging<QueueCapabilities>
declare const logMessaging: Messaging<LogCapabilities>
declare const db: { insert(row: { id: string }): Promise<number> }

describe('defineTopic', () => {
  test('infers the payload from zod, valibot and arktype, the key from its presence', () => {
    expectTypeOf(orders.keyed).toEqualTypeOf<true>()
    expectTypeOf(unkeyed.keyed).toEqualTypeOf<false>()
    expectTypeOf(events.keyed).toEqualTypeOf<true>()
  })
  test('takes any Standard Schema', () => {
    const standard = {} as StandardSchemaV1<string, number>
    const topic = defineTopic('standard', { schema: standard })
    void messaging.publish(topic, 'text')
    void messaging.subscribe(topic, { group: 'g' }, (m) => expectTypeOf(m.payload).toEqualTypeOf<number>())
  })
  test('refuses a number as key', () => {
    // @ts-expect-error a key is text or bytes
    defineTopic('wrong', { schema: Order, key: (o) => o.cents })
  })
  test('refuses a key of a field that does not exist', () => {
    // @ts-expect-error no such field
    defineTopic('wrong', { schema: Order, key: (o) => o.customer })
  })
  test('takes a type by agreement', () => {
    const raw = defineTopic('raw', { schema: unchecked<{ a: string }>(), key: (m) => m.a })
    expectTypeOf(messaging.publish(raw, { a: 'x' })).toEqualTypeOf<Promise<Receipt>>()
  })
  test('a topic with tombstones takes and gives null', () => {
    const compacted = defineTopic('compacted', { schema: Order, key: (o) => o.id, tombstones: true })
    void messaging.publish(compacted, null, { key: 'x' })
    void messaging.subscribe(compacted, { group: 'g' }, (m) =>
      expectTypeOf(m.payload).toEqualTypeOf<z.infer<typeof Order> | null>(),
    )
    // @ts-expect-error not declared
    void messaging.publish(orders, null)
  })
})

describe('publish', () => {
  test('takes the input of the schema', () => {
    void messaging.publish(orders, { id: '1', customerId: 'c' })
    void messaging.publish(
      orders,
      { id: '1', customerId: 'c', cents: 1 },
      { key: 'other', headers: { a: 'b' }, id: 'x' },
    )
    void messaging.publish(orders, { id: '1', customerId: 'c' }, { key: new Uint8Array() })
  })
  test('refuses a wrong payload', () => {
    // @ts-expect-error customerId is missing
    void messaging.publish(orders, { id: '1' })
    // @ts-expect-error cents is a number
    void messaging.publish(orders, { id: '1', customerId: 'c', cents: '1' })
  })
  test('refuses a key on a topic without one, and a number as key', () => {
    // @ts-expect-error the topic has no key
    void messaging.publish(unkeyed, { text: 'x' }, { key: 'k' })
    // @ts-expect-error a key is text or bytes
    void messaging.publish(orders, { id: '1', customerId: 'c' }, { key: 7 })
  })
  test('refuses unknown options and headers that are not text', () => {
    // @ts-expect-error no such option
    void messaging.publish(orders, { id: '1', customerId: 'c' }, { delayMs: 1 })
    // @ts-expect-error a header is text
    void messaging.publish(orders, { id: '1', customerId: 'c' }, { headers: { n: 1 } })
  })
  test('asks for the type of a topic with several, and for its payload', () => {
    void messaging.publish(events, { orderId: '1', lines: 2 }, { type: 'placed' })
    void messaging.publish(events, { orderId: '1', cents: 2 }, { type: 'paid' })
    // @ts-expect-error no type
    void messaging.publish(events, { orderId: '1', lines: 2 })
    // @ts-expect-error the payload of another type
    void messaging.publish(events, { orderId: '1', lines: 2 }, { type: 'paid' })
    // @ts-expect-error no such type
    void messaging.publish(events, { orderId: '1', lines: 2 }, { type: 'sent' })
  })
  test('a batch gives receipts, or results when settled', () => {
    const entries = [{ payload: { id: '1', customerId: 'c' } }]
    expectTypeOf(messaging.publishBatch(orders, entries)).resolves.toEqualTypeOf<readonly Receipt[]>()
    expectTypeOf(messaging.publishBatch(orders, entries, { settled: true })).resolves.toEqualTypeOf<
      readonly BatchResult<Receipt>[]
    >()
    void messaging.publishBatch(events, [{ payload: { orderId: '1', cents: 1 }, type: 'paid' }])
    // @ts-expect-error a wrong payload
    void messaging.publishBatch(orders, [{ payload: { id: 1 } }])
  })
})

describe('subscribe', () => {
  test('infers the payload without annotations', () => {
    void messaging.subscribe(orders, { group: 'billing' }, (message, delivery) => {
      expectTypeOf(message.payload).toEqualTypeOf<{ id: string; customerId: string; cents: number }>()
      expectTypeOf(delivery).toEqualTypeOf<Delivery<Message<{ id: string; customerId: string; cents: number }>>>()
    })
  })
  test('takes whatever a handler returns', () => {
    void messaging.subscribe(orders, { group: 'billing' }, (m) => db.insert(m.payload))
    assertType<Handler<Message<{ id: string }>>>((m) => db.insert(m.payload))
  })
  test('asks for a handler of every type', () => {
    void messaging.subscribe(
      events,
      { group: 'mail' },
      { placed: (m) => m.payload.lines, paid: (m) => m.payload.cents },
    )
    // @ts-expect-error `paid` is not handled
    void messaging.subscribe(events, { group: 'mail' }, { placed: (m: Message<unknown>) => m.id })
  })
  test('gives a union to a single handler of several types', () => {
    void messaging.subscribe(events, { group: 'mail' }, (message) => {
      if (message.type === 'paid') expectTypeOf(message.payload.cents).toEqualTypeOf<number>()
      else expectTypeOf(message.payload.lines).toEqualTypeOf<number>()
    })
  })
  test('refuses what the adapter refuses', () => {
    void logMessaging.subscribe(orders, { group: 'g', from: 'earliest' }, () => undefined)
    // @ts-expect-error the adapter has no replay
    void queueMessaging.subscribe(orders, { group: 'g', from: 'earliest' }, () => undefined)
    // @ts-expect-error not known: the portable subset only
    void messaging.subscribe(orders, { group: 'g', from: 'earliest' }, () => undefined)
  })
  test('refuses order by key without a key', () => {
    void messaging.subscribe(orders, { group: 'g', order: 'none' }, () => undefined)
    // @ts-expect-error the topic has no key
    void messaging.subscribe(unkeyed, { group: 'g', order: 'key' }, () => undefined)
  })
  test('batches and streams carry the payload', async () => {
    void messaging.subscribeBatch(orders, { group: 'g', maxSize: 10 }, (deliveries) => {
      for (const delivery of deliveries) expectTypeOf(delivery.message.payload.cents).toEqualTypeOf<number>()
    })
    for await (const delivery of messaging.stream(orders, { group: 'audit' })) {
      expectTypeOf(delivery.message.payload.customerId).toEqualTypeOf<string>()
      await delivery.ack()
    }
  })
  test('a messaging object of one adapter goes where any is asked for', () => {
    const portable = (m: Messaging): Messaging => m
    portable(queueMessaging)
    portable(logMessaging)
    const general = (a: Adapter): Adapter => a
    declareAdapter<LogCapabilities>(general)
    expectTypeOf(createMessaging({ adapter: {} as Adapter<LogCapabilities> })).resolves.toEqualTypeOf<
      Messaging<LogCapabilities>
    >()
  })
})

const declareAdapter = <C extends Capabilities>(use: (a: Adapter<C>) => unknown): void => void use
