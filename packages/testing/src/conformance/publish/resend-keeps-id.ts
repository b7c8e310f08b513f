import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { checkRepeats } from '../../scenario/repeats.js'

const count = 300
const hits = 20

/** P15: ids that core has made and ids of the caller, single and in batches; the copies show that there were resends. */
export const resendKeepsId: Conformance = defineConformance({
  id: 'P15',
  needs: { faults: ['failSends'] },
  minimum: { messages: count * 2, faults: hits },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')
    const reader = await scenario.messaging('reader')
    const all = await scenario.consume(reader, topic, { group: 'all' })
    const idOf = new Map<string, string>()
    const nameOf = (item: { readonly key: string | null; readonly n: number }): string => `${item.key} ${item.n}`
    for (let round = 0; round < hits; round++) {
      const undo = await scenario.faults.failSends({
        client,
        topic: topic.name,
        outcome: 'answer-lost',
        skip: Math.floor(scenario.random() * 15),
        times: 2,
      })
      const single = scenario.items(topic, { count: count / hits })
      const together = scenario.items(topic, { count: count / hits })
      const receipts = await Promise.all([
        ...single.map((item, index) => client.publish(topic, item, index % 2 === 0 ? {} : { id: scenario.newId() })),
        client.publishBatch(
          topic,
          together.map((payload) => ({ payload })),
        ),
      ])
      await undo()
      for (const [index, receipt] of receipts.flat().entries()) {
        const item = [...single, ...together][index]
        if (item !== undefined) idOf.set(nameOf(item), receipt.id)
      }
    }
    scenario.count({ messages: count * 2 })
    const last = await scenario.publishAll(client, topic, { count: 16 })
    for (const { id, item } of last) idOf.set(nameOf(item), id)
    await scenario.until(
      () => all.done.size >= count * 2 + 16 && last.every(({ id }) => all.done.has(id)),
      'everything',
      {
        saw: () => all.done.size,
      },
    )
    const copies = new Map<string, number>()
    for (const { id, message } of all.runs) {
      assert.equal(id, idOf.get(nameOf(message.payload)), `id of every copy of message ${nameOf(message.payload)}`)
      copies.set(id, (copies.get(id) ?? 0) + 1)
    }
    assert.equal(copies.size, idOf.size, 'number of different ids')
    checkRepeats(scenario, [...copies.values()].filter((number) => number > 1).length, hits / 2)
  },
})
