import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { checkRepeats } from '../../scenario/repeats.js'

const keys = 8
const count = 800

/** P18: losses, lost answers and refusals of single messages while the ones behind them are let through. */
export const strictOrder: Conformance = defineConformance({
  id: 'P18',
  needs: { faults: ['failSends'] },
  minimum: { messages: count, keys, faults: 3 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('publisher', { publishOrder: 'strict' })
    const reader = await scenario.messaging('reader')
    const all = await scenario.consume(reader, topic, { group: 'all', concurrency: keys })
    const ids = Array.from({ length: count }, () => scenario.newId())
    const chosen = (from: number): readonly string[] =>
      ids.filter((_, index) => index % 40 === from || index % 40 === from + 1)
    const [lost, unanswered, refused] = [chosen(3), chosen(13), chosen(23)]
    await scenario.faults.failSends({
      client,
      topic: topic.name,
      outcome: 'lost',
      inMiddle: true,
      ids: lost,
    })
    await scenario.faults.failSends({
      client,
      topic: topic.name,
      outcome: 'answer-lost',
      inMiddle: true,
      ids: unanswered,
    })
    await scenario.faults.failSends({
      client,
      topic: topic.name,
      outcome: 'refused',
      ids: refused,
    })

    // Keys 0 and 1 stand still at the same numbers again and again; four at a time of one key are called in a row.
    const half = count / 2
    const options = (offset: number) => (_item: unknown, index: number) => ({ id: ids[offset + index] ?? '' })
    const single = scenario.publishAll(client, topic, { count: half, keys, mayFail: true, options: options(0) })
    const items = scenario.items(topic, { count: half, keys })
    const batch = scenario.publishBatch(client, topic, items, { ids: ids.slice(half), mayFail: true })
    const results = [...(await single), ...(await batch)]

    assert.equal(
      results.filter(({ result }) => result === 'refused').map(({ id }) => id),
      refused,
      'publishes that the broker has refused',
    )
    assert.equal(results.filter(({ result }) => result === 'uncertain').length, 0, 'publishes that ended as uncertain')
    const stored = results.filter(({ result }) => result === 'ok')
    await scenario.until(() => stored.every(({ id }) => all.done.has(id)), `${stored.length} messages`, {
      saw: () => all.done.size,
    })
    const copies = unanswered.filter((id) => all.runs.filter((run) => run.id === id).length > 1).length
    checkRepeats(scenario, copies, unanswered.length / 2)
    const furthest = new Map<string | null, number>()
    const seen = new Set<string>()
    for (const { id, message } of all.runs) {
      if (seen.has(id)) continue
      seen.add(id)
      const { key, n } = message.payload
      assert.atLeast(n, (furthest.get(key) ?? -1) + 1, `number of the next message of key ${key}`)
      furthest.set(key, n)
    }
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
  },
})
