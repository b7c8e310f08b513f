import { createMessaging, type Messaging, type SubscribeOptions } from '@sluice/core'
import type { Adapter, Capabilities } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { AskAnything, Client } from '../../scenario/clients.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'

interface Ask {
  readonly capability: 'replay' | 'keyedOrder' | 'durableDelay'
  readonly options: Omit<SubscribeOptions<AskAnything, true>, 'group'>
  readonly field: string
  /** Adapters that have it, and those that lack it and may not be named. */
  readonly names: readonly string[]
  readonly notNamed: readonly string[]
}

const asks: readonly Ask[] = [
  {
    capability: 'replay',
    options: { from: 'earliest' },
    field: 'from',
    names: ['kafka', 'memory (like: "log")'],
    notNamed: ['rabbitmq', 'like: "queue"'],
  },
  {
    capability: 'keyedOrder',
    options: { order: 'key' },
    field: 'order',
    names: ['memory', 'rabbitmq', 'kafka'],
    notNamed: [],
  },
  {
    capability: 'durableDelay',
    options: { order: 'none', retry: fixedRetry(5, { placement: 'delayed' }) },
    field: 'retry',
    names: ['memory', 'rabbitmq', 'kafka'],
    notNamed: [],
  },
]

/**
 * X2: each capability that an application can ask for, where the adapter lacks it or is made to. The refusal comes at `subscribe`,
 * before the broker hears of it, and says who could do it; without the capability asked for the same subscription works.
 */
export const refusedAtStart: Conformance = defineConformance({
  id: 'X2',
  parallel: true,
  minimum: { messages: 60, keys: 16 },
  async run(scenario) {
    for (const { capability, options, field, names, notNamed } of asks) {
      const { messaging, consumed, adapter } = await without(scenario, capability)
      const topic = scenario.keyedTopic({ groups: ['all'] })
      for (const subscribe of [
        () => messaging.subscribe(topic, { group: 'all', ...options }, () => undefined),
        () => messaging.subscribeBatch(topic, { group: 'all', ...options }, () => undefined),
        async () => {
          for await (const delivery of messaging.stream(topic, { group: 'all', ...options })) await delivery.ack()
        },
      ]) {
        const error = await assert.rejects(subscribe(), 'UNSUPPORTED', `asking for ${capability}`)
        assert.equal(consumed(), 0, 'what the broker has heard of it')
        for (const name of [adapter, capability, ...names])
          assert.ok(error.message.includes(name), `the refusal of ${capability} names ${name}: ${error.message}`)
        // Who refuses is named too, in quotes.
        const offer = error.message.replaceAll(`"${adapter}"`, '')
        for (const name of notNamed)
          assert.ok(!offer.includes(name), `the refusal of ${capability} does not offer ${name}: ${error.message}`)
        assert.ok(error.field?.startsWith(field) === true, `the refusal names the field ${field}: ${error.field}`)
        assert.equal(error.retryable, false, 'another try cannot help')
      }
      assert.equal([messaging.health().status, messaging.health().subscriptions], ['up', []], 'health, subscriptions')
      const plain = { group: 'all', order: capability === 'keyedOrder' ? 'none' : 'key' } as const
      const done = new Set<string>()
      await messaging.subscribe(topic, plain, ({ id }) => void done.add(id))
      const sent = await scenario.publishAll(await scenario.messaging('publisher'), topic, { count: 20 })
      await scenario.until(() => sent.every(({ id }) => done.has(id)), 'the subscription that asks for less', {
        saw: () => done.size,
      })
    }
  },
})

interface Limited {
  readonly messaging: Client
  readonly adapter: string
  readonly consumed: () => number
}

async function without({ harness, after }: Scenario, capability: Ask['capability']): Promise<Limited> {
  const clientName = `without-${capability}`
  const inner = harness.createAdapter({ clientName })
  const capabilities: Capabilities = { ...inner.capabilities, [capability]: false }
  let consumed = 0
  const adapter: Adapter = {
    spi: 1,
    name: inner.name,
    capabilities,
    open: (...given) => inner.open(...given),
    route: (...given) => inner.route(...given),
    provision: (...given) => inner.provision(...given),
    send: (...given) => inner.send(...given),
    consume(...given) {
      consumed++
      return inner.consume(...given)
    },
    deadLetters: (...given) => inner.deadLetters(...given),
    measure: (...given) => inner.measure(...given),
    inspect: (...given) => inner.inspect(...given),
    close: (...given) => inner.close(...given),
  }
  const messaging: Messaging = await createMessaging({ adapter, clientName })
  after(() => messaging.close({ deadlineMs: 1_000 }))
  return { messaging: messaging as Client, adapter: inner.name, consumed: () => consumed }
}
