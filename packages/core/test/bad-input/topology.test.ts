import { expect, it } from 'vitest'
import { createMessaging, defineTopic, unchecked, type AnyTopic, type Messaging } from '../../src/index.js'
import { createMemoryBroker, memory } from '../../src/memory/index.js'
import { expectRejected } from './refusal.js'

const name = 'orders'
const schema = unchecked<string>()
const groups = ['kept']
const right = defineTopic(name, { schema, groups, key: (payload) => payload, partitions: 4 })

/** One messaging object on a broker that has the topic with keys and four partitions. */
async function onExisting(): Promise<Messaging> {
  const broker = createMemoryBroker()
  const operator = await createMessaging({ adapter: memory({ broker }) })
  await operator.provision([right])
  await operator.close()
  return createMessaging({ adapter: memory({ broker }) })
}

it.each([
  ['another number of partitions', defineTopic(name, { schema, groups, key: (payload) => payload, partitions: 8 })],
  ['no key', defineTopic(name, { schema, groups })],
])(
  'a topic with %s than the broker has is refused, and the corrected one works afterwards',
  async (_, given: AnyTopic) => {
    const wrong = given as typeof right
    const messaging = await onExisting()
    const refusal = { code: 'TOPOLOGY_MISMATCH', field: undefined, says: /wanted .* found / } as const
    await expectRejected(() => messaging.publish(wrong, 'a'), refusal)
    await expectRejected(() => messaging.subscribe(wrong, { group: 'g' }, () => undefined), refusal)
    expect(messaging.health()).toMatchObject({ status: 'up', pendingPublishes: 0, subscriptions: [] })
    expect(await messaging.publish(right, 'a')).toMatchObject({ topic: name })
    const subscription = await messaging.subscribe(right, { group: 'g' }, () => undefined)
    expect(subscription.state).toBe('running')
    expect(await messaging.close()).toMatchObject({ clean: true })
  },
)
