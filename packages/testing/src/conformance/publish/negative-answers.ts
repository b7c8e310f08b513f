import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

const groups = ['left', 'right']
const count = 1_000

/**
 * P4: the answer says no, and the message is there: with several groups one may have taken it and another not. So it is not refused, but
 * in doubt: it is sent again until it is stored for sure, or told to be uncertain.
 */
export const negativeAnswers: Conformance = defineConformance({
  id: 'P4',
  part: 'nack',
  needs: { faults: ['failSends'] },
  minimum: { messages: count, keys: 16, faults: 5 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups })
    const publisher = await scenario.messaging('publisher', { publishTimeoutMs: scenario.harness.timings.patienceMs })
    const consumers = []
    for (const group of groups) {
      consumers.push(await scenario.consume(await scenario.messaging(group), topic, { group, concurrency: 50 }))
    }
    const load = scenario.startLoad(publisher, topic, { inFlight: 50 })
    for (let fault = 1; fault <= 5; fault++) {
      const before = load.results.length
      await scenario.until(() => load.results.length >= before + count / 5, `publishes before fault ${fault}`)
      await scenario.faults.failSends({ outcome: 'answer-lost', inMiddle: true, topic: topic.name, times: 3 })
      scenario.count({ faults: 1 })
    }
    await scenario.until(() => load.results.length >= count, 'publishes')
    const results = await load.stop()
    for (const { id, result, error } of results) assert.equal(result, 'ok', `${id} ended with ${error?.code ?? ''}`)
    for (const { done } of consumers) {
      await scenario.until(() => results.every(({ id }) => done.has(id)), 'every message', { saw: () => done.size })
    }
    scenario.check({ groups: groups.map((group) => ({ topic: topic.name, group })), resendsPerDoubt: 3 })
  },
})
