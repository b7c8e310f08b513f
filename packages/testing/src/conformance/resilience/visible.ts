import type { EventName } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'

/** Time from the detection to everybody who asks, in ms. */
const visibleMs = 1_000

interface Told {
  readonly atMs: number
  readonly text: string
  /** What health said in the very call of the listener. */
  readonly health: ReturnType<Client['health']>
}

/** R12: each side is broken alone where there are two, then both. Events come in order, once each, and health says the same at that moment. */
export const stateIsVisible: Conformance = defineConformance({
  id: 'R12',
  parallel: true,
  needs: { faults: ['disconnect'] },
  minimum: { messages: 60, keys: 16, faults: 3 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { detectMs, recoverMs } = scenario.harness.timings
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('watched')
    const neighbour = await scenario.messaging('neighbour')
    const told = listen(client)
    const toldNeighbour = listen(neighbour)
    const all = await scenario.consume(client, topic, { group: 'all' })
    assert.equal([client.health().status, client.health().problems], ['up', []], 'health before')
    const apart = ['publish', 'consume', undefined] as const
    const rounds = scenario.harness.hasSides === false ? apart.map(() => undefined) : apart
    for (const side of rounds) {
      const sides = side === undefined ? (['publish', 'consume'] as const) : [side]
      const others = (['publish', 'consume'] as const).filter((one) => !sides.some((broken) => broken === one))
      const from = told.length
      const connect = await scenario.faults.disconnect(client, side)
      await scenario.until(
        () => sides.every((one) => client.health()[one] === 'lost' || client.health()[one] === 'connecting'),
        'health to tell of it',
        {
          timeoutMs: detectMs + visibleMs,
          saw: () => client.health(),
        },
      )
      const down = client.health()
      assert.equal(down.status, 'down', 'status while a side is broken')
      for (const one of others) assert.equal(down[one], 'ready', `the ${one} side while the other is broken`)
      assert.atLeast(down.problems.length, sides.length, 'problems that health names')
      for (const one of sides) {
        const lost = told.slice(from).find(({ text }) => text.startsWith(`${one} lost`))
        assert.ok(lost !== undefined, `an event tells that ${one} is lost`)
        assert.ok(lost.text !== `${one} lost undefined`, 'the event has a cause')
        assert.ok(lost.health[one] !== 'ready', 'health says so when the event comes')
      }
      const back = told.length
      await connect()
      await scenario.until(() => client.health().status === 'up', 'health to be up again', {
        timeoutMs: recoverMs + visibleMs,
        saw: () => client.health(),
      })
      for (const one of sides) {
        const ready = told.slice(back).filter(({ text }) => text.startsWith(`${one} ready`))
        assert.equal(ready.length, 1, `events that ${one} is ready again`)
        assert.equal(ready[0]?.health[one], 'ready', 'health says so when the event comes')
      }
      const foreign = told.slice(from).filter(({ text }) => others.some((one) => text.startsWith(one)))
      assert.equal(
        foreign.map(({ text }) => text),
        [],
        'events of the side that was never broken',
      )
      assert.equal([client.health().problems, all.subscription.state], [[], 'running'], 'problems, state afterwards')
      const before = all.done.size
      await scenario.publishAll(client, topic, { count: 20 })
      await scenario.until(() => all.done.size === before + 20, 'messages afterwards')
    }
    assert.equal(
      toldNeighbour.map(({ text }) => text),
      [],
      'events of a client that was never broken',
    )
    await expectClosed(scenario, client)
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** R12: a broker that takes no publishes and says so: publishing is blocked, consuming goes on. */
export const blockedIsVisible: Conformance = defineConformance({
  id: 'R12',
  part: 'blocked',
  parallel: true,
  needs: { faults: ['block'] },
  minimum: { messages: 20, keys: 16, faults: 1 },
  async run(scenario) {
    const { recoverMs, detectMs } = scenario.harness.timings
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('watched')
    const told = listen(client)
    const unblock = await scenario.faults.block()
    // Some brokers tell only those who publish.
    const pending = scenario.publishAll(client, topic, { count: 20 })
    await scenario.until(() => client.health().publish === 'blocked', 'health to tell of it', {
      timeoutMs: detectMs + visibleMs,
      saw: () => client.health(),
    })
    const { status, consume, problems, pendingPublishes } = client.health()
    assert.equal([status, consume, problems.length], ['down', 'ready', 1], 'status, consume side, problems')
    assert.equal(pendingPublishes, 20, 'publishes that wait')
    await unblock()
    await scenario.until(() => client.health().status === 'up', 'health to be up again', {
      timeoutMs: recoverMs + visibleMs,
      saw: () => client.health(),
    })
    await pending
    assert.equal(
      told.map(({ text }) => text.split(' ').slice(0, 2).join(' ')),
      ['publish blocked', 'publish ready'],
      'events',
    )
    const all = await scenario.consume(client, topic, { group: 'all' })
    await scenario.until(() => all.done.size === 20, 'what has waited')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

function listen(client: Client): readonly Told[] {
  const told: Told[] = []
  client.on('connection' satisfies EventName, ({ side, state, cause }) => {
    told.push({ atMs: performance.now(), text: `${side} ${state} ${cause?.code}`, health: client.health() })
  })
  return told
}

async function expectClosed(_scenario: Scenario, client: Client): Promise<void> {
  await client.close()
  const { status, publish, consume, problems } = client.health()
  assert.equal([status, publish, consume], ['down', 'closed', 'closed'], 'health of a closed object')
  assert.equal(problems.length, 1, 'problems of a closed object')
}
