import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { untilDepth } from '../../scenario/settled.js'

const impatientMs = 2_000
/** Tries in a second, of one stream. */
const mostTries = 20

/**
 * R13: a topic has fewer copies in sync than it has to. Nothing counts as stored, publishers are told why, patient ones go on by themselves when it
 * is mended, and nobody asks the broker without a pause meanwhile.
 */
export const lackingReplicas: Conformance = defineConformance({
  id: 'R13',
  needs: { faults: ['lackReplicas'], inspect: ['sends'] },
  minimum: { messages: 150, keys: 16, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const { patienceMs, recoverMs } = scenario.harness.timings
    const partitions = 2
    const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
    const publisher = await scenario.messaging('publisher', { publishTimeoutMs: patienceMs + recoverMs })
    const consumer = await scenario.messaging('consumer')
    const all = await scenario.consume(consumer, topic, { group: 'all' })
    const before = await scenario.publishAll(publisher, topic, { count: 50, keys: 16 })
    await scenario.until(() => all.done.size === before.length, 'what is published before', {
      saw: () => all.done.size,
    })
    const mend = await scenario.faults.lackReplicas(topic.name)
    const since = (await scenario.inspect.sends?.()) ?? 0
    const watch = scenario.stopwatch()
    const patient = scenario.publishAll(publisher, topic, { count: 100, keys: 16 })
    const impatient = await scenario.publishOne(publisher, topic, scenario.item(topic, 'k0'), {
      timeoutMs: impatientMs,
    })
    const { error } = impatient
    assert.ok(error !== undefined, 'an impatient publish fails')
    assert.ok(error.retryable, 'it is worth another try')
    assert.ok(/replica/i.test(`${error.message} ${String(error.cause)}`), `the error says why: ${error.message}`)
    const tries = ((await scenario.inspect.sends?.()) ?? 0) - since
    assert.atMost(tries, Math.ceil((partitions * mostTries * watch.ranMs) / 1_000), 'tries meanwhile')
    await mend()
    const sent = await patient
    await scenario.until(() => sent.every(({ id }) => all.done.has(id)), 'what was patient', {
      saw: () => all.done.size,
    })
    await untilDepth(scenario, topic.name, 'all')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
