import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { turns } from '../../scenario/turns.js'

/** C12: clients start before the broker is up: one has no patience and is told so, the other begins when it comes; later it goes away again. */
export const brokerComesLater: Conformance = defineConformance({
  id: 'C12',
  needs: { faults: ['stopBroker'] },
  parallel: true,
  minimum: { messages: 600, keys: 16, faults: 2 },
  async run(scenario) {
    const { patienceMs, recoverMs, detectMs } = scenario.harness.timings
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const start = await scenario.faults.stopBroker()
    const watch = scenario.stopwatch()
    await assert.rejects(
      scenario.messaging('impatient', { startupTimeoutMs: 100 }),
      'CONNECT_TIMEOUT',
      'connecting with a start-up time of 100 ms while the broker is down',
    )
    assert.atLeast(watch.ms, 99, 'ms until the impatient one gave up')
    assert.atMost(watch.ranMs, 100 + 2_000, 'ms until the impatient one gave up')

    let open = false
    // Longer than any broker takes to start: that is not measured here.
    const opening = scenario.messaging('patient', { startupTimeoutMs: 4 * patienceMs }).finally(() => (open = true))
    opening.catch(() => undefined)
    await turns(50)
    assert.ok(!open, 'connecting waits while the broker is down')
    await start()
    const client = await opening
    const events: string[] = []
    client.on('connection', ({ side, state }) => events.push(`${side} ${state}`))
    assert.equal([client.health().status, client.health().consume], ['up', 'ready'], 'health when the broker has come')
    const all = await scenario.consume(client, topic, { group: 'all' })
    await scenario.publishAll(client, topic, { count: 200 })
    await scenario.until(() => all.done.size === 200, 'messages after the start', { saw: () => all.done.size })

    const again = await scenario.faults.stopBroker()
    const waiting = scenario.publishAll(client, topic, { count: 200 })
    await scenario.until(() => client.health().status === 'down', 'the client to know that the broker is down', {
      timeoutMs: detectMs + 1_000,
    })
    assert.equal(all.subscription.state, 'running', 'state of the subscription while the broker is down')
    await again()
    await scenario.until(() => client.health().status === 'up', 'the client to have recovered', {
      timeoutMs: recoverMs + 2_000,
      saw: () => client.health(),
    })
    await waiting
    await scenario.publishAll(client, topic, { count: 200 })
    await scenario.until(() => all.done.size === 600, 'everything', { saw: () => all.done.size })
    for (const side of ['publish', 'consume']) {
      const of = events.filter((event) => event.startsWith(side))
      assert.equal([of.includes(`${side} lost`), of.at(-1)], [true, `${side} ready`], `events of the ${side} side`)
    }
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
  },
})
