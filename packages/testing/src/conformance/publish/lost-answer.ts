import { defineConformance, type Conformance } from '../../define-conformance.js'
import { checkRepeats } from '../../scenario/repeats.js'

const rounds = 10

/** P16: one partition, so that every other publish waits in the stream of the one whose answer is lost. */
export const lostAnswer: Conformance = defineConformance({
  id: 'P16',
  needs: { faults: ['failSends', 'slowSends'] },
  minimum: { messages: rounds * 200, keys: 8, faults: rounds },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('publisher')
    const reader = await scenario.messaging('reader')
    const all = await scenario.consume(reader, topic, { group: 'all', concurrency: 20 })
    const hit: string[] = []
    for (let round = 0; round < rounds; round++) {
      const ids = Array.from({ length: 200 }, () => scenario.newId())
      const victim = ids[Math.floor(scenario.random() * 150)] ?? ''
      hit.push(victim)
      const quicken = round % 2 === 0 ? undefined : await scenario.faults.slowSends(2)
      const undo = await scenario.faults.failSends({
        client,
        topic: topic.name,
        outcome: 'answer-lost',
        // Half of the time only this answer is lost: the ones behind it come, one send after the other.
        inMiddle: round % 2 === 1,
        ids: [victim],
      })
      // Enough for several sends: some stand before the victim, some with it, some behind it, some are not sent yet.
      await scenario.publishAll(client, topic, {
        count: 200,
        keys: 8,
        pad: 500,
        options: (_item, index) => ({ id: ids[index] ?? '' }),
      })
      await undo()
      await quicken?.()
    }
    const total = rounds * 200
    await scenario.until(() => all.done.size >= total, `${total} acknowledged messages`, { saw: () => all.done.size })
    const victims = hit.filter((id) => all.runs.filter((run) => run.id === id).length > 1).length
    checkRepeats(scenario, victims, 1)
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 2 })
  },
})
