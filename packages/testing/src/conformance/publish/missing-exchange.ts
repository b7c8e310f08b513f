import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

const count = 600

/** P14: the exchange of one topic is deleted under publishes to it and to another one; the other does not notice. */
export const missingExchange: Conformance = defineConformance({
  id: 'P14',
  needs: { faults: ['deleteTopic'] },
  minimum: { messages: count, keys: 16, faults: 1 },
  async run(scenario) {
    const [gone, innocent] = [scenario.keyedTopic(), scenario.keyedTopic()]
    const operator = await scenario.messaging('operator')
    for (const topic of [gone, innocent]) await operator.provision([{ topic, groups: ['all'] }])
    // Nobody may declare the topic again.
    const client = await scenario.messaging('publisher', { topology: 'verify' })
    const all = await scenario.consume(operator, innocent, { group: 'all' })
    await scenario.publishAll(client, gone, { count: 16 })
    const neighbours = scenario.startLoad(client, innocent, { inFlight: 32 })
    const doomed = scenario.startLoad(client, gone, { inFlight: 8 })
    await scenario.until(() => neighbours.results.length > 100 && doomed.results.length > 20, 'publishes to both')
    // What is under way on a channel that the broker closes is in doubt, and sent again.
    scenario.recorder.fault({ kind: 'connection-lost', instance: scenario.nameOf(client) })
    await scenario.faults.deleteTopic(gone.name)
    scenario.count({ faults: 1 })
    const refusals = (): number => doomed.results.filter(({ result }) => result === 'refused').length
    await scenario.until(() => refusals() > 50 && neighbours.results.length >= count, 'publishes after the deletion', {
      saw: () => [refusals(), neighbours.results.length],
    })
    const [rejected, stored] = [await doomed.stop(), await neighbours.stop()]
    for (const { error } of rejected) {
      if (error === undefined || error.code === 'UNCERTAIN') continue
      const isMissing = error.code === 'UNKNOWN_TOPIC' || error.code === 'UNROUTABLE'
      assert.ok(isMissing, `a publish to the topic that is gone ends as ${error.code}`)
      assert.ok(error.message.includes(gone.name), `the error names the topic: ${error.message}`)
    }
    assert.equal(stored.filter(({ result }) => result !== 'ok').length, 0, 'publishes to the other topic that failed')
    await scenario.until(() => stored.every(({ id }) => all.done.has(id)), 'the messages of the other topic')
    assert.equal(client.health().status, 'up', 'health')
    scenario.recorder.fault({ kind: 'connection-restored', instance: scenario.nameOf(client) })
    scenario.check({ groups: [{ topic: innocent.name, group: 'all' }], resendsPerDoubt: 3 })
  },
})
