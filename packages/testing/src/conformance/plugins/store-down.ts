import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch } from '../../scenario/handler-work.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'
import { createStores } from './store.js'

const count = 500

/** I4: `pause`. The store is away before the claims, then between handlers and their marks. Nothing runs, is counted or dropped. */
export const storeDownPauses: Conformance = defineConformance({
  id: 'I4',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  timeoutMs: 60_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const handle = createStores()({ onStoreDown: 'pause' })
    const events: string[] = []
    client.on('store', ({ state, error, topic: name, group }) => {
      assert.equal([name, group, error !== undefined], [topic.name, 'all', state === 'down'], 'event of the store')
      events.push(state)
    })
    const go = createLatch()
    scenario.after(() => go.open())
    let stuck = false
    handle.fail()
    const options = { group: 'all', concurrency: 20, idempotency: handle.idempotency }
    const all = await scenario.consume(client, topic, options, () => (stuck ? go.opened : undefined))
    await scenario.publishAll(client, topic, { count, keys: 50 })
    await scenario.until(() => handle.refused > 0 && all.subscription.state === 'store-down', 'the store to be missed')
    // It asks again; nothing has happened meanwhile.
    const asked = handle.refused
    await scenario.until(() => handle.refused > asked, 'another try')
    assert.equal([all.runs.length, all.subscription.stats().acked], [0, 0], 'runs, acks without the store')
    await expectDepth(scenario, topic.name, 'all', count)
    const { status, problems } = client.health()
    assert.equal([status, problems.length], ['down', 1], 'health, problems')
    stuck = true
    handle.recover()
    await scenario.until(() => all.subscription.stats().running === 20, 'handlers when the store is back')
    assert.equal([client.health().status, events], ['up', ['down', 'up']], 'health, events')
    // The effects are there, the marks cannot be made.
    handle.fail('complete', 'release')
    const before = handle.refused
    stuck = false
    go.open()
    await scenario.until(() => handle.refused >= before + 20, 'marks that cannot be made', {
      saw: () => handle.refused,
    })
    const running = all.runs.filter(({ outcome }) => outcome === 'ok').length
    assert.atLeast(running, 20, 'handlers that have ended well')
    assert.equal(all.subscription.stats().acked, 0, 'acks before the mark')
    await expectDepth(scenario, topic.name, 'all', count)
    handle.recover()
    await scenario.until(() => all.subscription.stats().acked === count, 'everything', {
      saw: () => all.subscription.stats(),
    })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(all.runs.length, count, 'runs')
    assert.ok(
      all.runs.every(({ attempt }) => attempt === 1),
      'no attempt is counted for the store',
    )
    const { deadLettered, skipped } = all.subscription.stats()
    assert.equal([deadLettered, skipped, all.subscription.state], [0, 0, 'running'], 'dead letters, skipped, state')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** I4: `process`. Everything goes on without protection, and with it again when the store is back. */
export const storeDownProcesses: Conformance = defineConformance({
  id: 'I4',
  part: 'process',
  parallel: true,
  minimum: { messages: count, keys: 50 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const handle = createStores()({ onStoreDown: 'process' })
    const events: string[] = []
    client.on('store', ({ state }) => events.push(state))
    const runs = new Map<string, number>()
    const options = { group: 'all', concurrency: 20, idempotency: handle.idempotency }
    const all = await client.subscribe(topic, options, ({ id }) => void runs.set(id, (runs.get(id) ?? 0) + 1))
    const ids = Array.from({ length: count / 4 }, () => scenario.newId())
    const publish = async (): Promise<void> => {
      const settled = (): number => all.stats().acked + all.stats().skipped
      const before = settled()
      await Promise.all(ids.map((id, n) => client.publish(topic, { key: `k${n % 50}`, n }, { id })))
      scenario.count({ messages: ids.length, keys: 50 / 4 })
      await scenario.until(() => settled() === before + ids.length, 'all of them', { saw: () => all.stats() })
    }
    handle.fail()
    await publish()
    assert.equal([runs.size, all.stats().acked], [ids.length, ids.length], 'runs and acks without the store')
    assert.equal(events, ['down'], 'events')
    assert.ok(client.health().status !== 'up', 'health tells of the store')
    await publish()
    assert.equal([...new Set(runs.values())], [2], 'runs of each id without protection')
    handle.recover()
    await publish()
    await publish()
    assert.equal([...new Set(runs.values())], [3], 'runs of each id: one more with the store, then none')
    assert.equal([all.stats().skipped, all.stats().deadLettered], [ids.length, 0], 'skipped, dead letters')
    assert.equal([events, client.health().status], [['down', 'up'], 'up'], 'events, health')
    await untilDepth(scenario, topic.name, 'all')
  },
})
