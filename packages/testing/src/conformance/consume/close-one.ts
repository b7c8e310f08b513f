import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { takes } from '../../scenario/handler-work.js'

/** C8: of four subscriptions of one messaging object one is closed in mid-stream, its neighbours in topic and group go on; it can begin again. */
export const closeOne: Conformance = defineConformance({
  id: 'C8',
  parallel: true,
  minimum: { messages: 600, keys: 16 },
  async run(scenario) {
    const groups = ['one', 'two']
    const [keyed, plain] = [scenario.keyedTopic({ partitions: 4, groups }), scenario.plainTopic({ groups })]
    const client = await scenario.messaging('all')
    const slow = (): Promise<void> => takes(2)
    const victim = await scenario.consume(client, keyed, { group: 'one' }, slow)
    const others = [
      await scenario.consume(client, keyed, { group: 'two' }, slow),
      await scenario.consume(client, plain, { group: 'one' }, slow),
      await scenario.consume(client, plain, { group: 'two' }, slow),
    ]
    const publisher = await scenario.messaging('publisher')
    let count = 0
    const publish = async (): Promise<void> => {
      count += 300
      for (const topic of [keyed, plain]) await scenario.publishAll(publisher, topic, { count: 300 })
    }
    const sending = publish()
    await scenario.until(() => victim.done.size >= 20, 'the subscription to be in mid-stream')
    const report = await victim.subscription.close()
    const atClose = victim.runs.length
    assert.equal([report.clean, report.leftRunning], [true, 0], 'report of the close')
    assert.equal(victim.subscription.state, 'closed', 'state of the subscription')
    await victim.subscription.closed
    assert.ok(
      victim.runs.every(({ outcome }) => outcome === 'ok'),
      'handlers that ran at the close have ended',
    )
    assert.atMost(atClose, 299, 'deliveries before the close, which came in mid-stream')
    await sending
    await publish()
    for (const other of others) {
      await scenario.until(() => other.done.size >= count, 'the other subscriptions', { saw: () => other.done.size })
      assert.equal([other.subscription.state, other.runs.length], ['running', count], 'another subscription')
    }
    assert.equal(victim.runs.length, atClose, 'deliveries to the closed subscription after its close')
    const { status, subscriptions, consume } = client.health()
    assert.equal([status, consume, subscriptions.length], ['up', 'ready', 3], 'health, without the closed one')

    const again = await scenario.consume(client, keyed, { group: 'one' })
    await scenario.until(() => victim.done.size + again.done.size >= count, 'what the closed one has left', {
      saw: () => again.done.size,
    })
    assert.equal(again.runs.length, count - victim.done.size, 'deliveries to its successor')
    assert.equal((await victim.subscription.close()).leftRunning, 0, 'closing it again')
    assert.equal(again.subscription.state, 'running', 'state of the successor when its predecessor is closed again')
    scenario.check({ groups: [keyed, plain].flatMap(({ name }) => groups.map((group) => ({ topic: name, group }))) })
  },
})
