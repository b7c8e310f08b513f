import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

/** P5 */
export const unknownDestination: Conformance = defineConformance({
  id: 'P5',
  parallel: true,
  minimum: { messages: 60 },
  async run(scenario) {
    const known = scenario.keyedTopic({ groups: ['all'] })
    const declaring = await scenario.messaging('declaring')
    await scenario.publishAll(declaring, known, { count: 20 })

    for (const topology of ['none', 'verify'] as const) {
      const client = await scenario.messaging(topology, { topology })
      const unknown = scenario.keyedTopic()
      const codes =
        topology === 'none' ? (['UNKNOWN_TOPIC'] as const) : (['UNKNOWN_TOPIC', 'TOPOLOGY_MISMATCH'] as const)
      const neighbours = scenario.publishAll(client, known, { count: 20 })
      for (const attempt of ['first', 'second']) {
        const error = await assert.rejects(
          client.publish(unknown, scenario.item(unknown)),
          codes,
          `the ${attempt} publish to a topic that does not exist, with topology "${topology}"`,
        )
        assert.ok(error.message.includes(unknown.name), `"${error.message}" names the topic ${unknown.name}`)
        assert.equal(error.topic, unknown.name, 'topic of the error')
        assert.ok(!error.retryable, 'a topic that does not exist is not worth another try')
      }
      const entries = Array.from({ length: 3 }, () => ({ payload: scenario.item(unknown) }))
      const results = await client.publishBatch(unknown, entries, { settled: true })
      assert.equal(results.length, 3, 'results of a batch to a topic that does not exist')
      for (const result of results) {
        assert.ok(
          result.status === 'failed' && codes.some((code) => code === result.error.code),
          'each of them has the reason',
        )
        assert.ok(result.error.message.includes(unknown.name), 'and the reason names the topic')
      }
      await neighbours

      // The topic may appear later: nothing remembers that it was missing.
      await declaring.provision([unknown])
      const late = await scenario.messaging(`${topology}-late`, { topology: 'declare' })
      await late.provision([{ topic: unknown, groups: ['all'] }])
      const published = await scenario.publishOne(client, unknown, scenario.item(unknown))
      assert.equal(published.result, 'ok', `publish to the topic that exists by now (${published.error?.message})`)
      await scenario.consume(late, unknown, { group: 'all' })
    }
    const all = await scenario.consume(declaring, known, { group: 'all' })
    await scenario.until(() => all.done.size >= 60, 'the 60 neighbours', { saw: () => all.done.size })
    scenario.check({ groups: [{ topic: known.name, group: 'all' }] })
  },
})
