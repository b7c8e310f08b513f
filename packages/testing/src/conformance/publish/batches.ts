import { isSluiceError, type BatchEntry, type BatchError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Item } from '../../scenario/item.js'

const size = 200

/** P6 */
export const batches: Conformance = defineConformance({
  id: 'P6',
  parallel: true,
  minimum: { messages: size * 2 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    // Room for one that is too large, until the broker has said how large one may be.
    const bytes = 4 * scenario.harness.limits.maxMessageBytes
    const client = await scenario.messaging('publisher', { buffer: { bytes } })
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const huge = 'x'.repeat(scenario.harness.limits.maxMessageBytes + 1)
    const bad = new Map<number, { readonly code: string; readonly entry: BatchEntry<Item, true> }>([
      [0, { code: 'NOT_SERIALIZABLE', entry: { payload: { key: 'k', n: 1n } as never } }],
      [7, { code: 'INVALID_HEADER', entry: { payload: { key: 'k0', n: -1 }, headers: { 'no name': 'v' } } }],
      [63, { code: 'TOO_LARGE', entry: { payload: { key: 'k0', n: -1, pad: huge } } }],
      [64, { code: 'INVALID_KEY', entry: { payload: { key: '\ud800', n: -1 } } }],
      [120, { code: 'INVALID_ID', entry: { payload: { key: 'k0', n: -1 }, id: '' } }],
      [121, { code: 'NOT_SERIALIZABLE', entry: { payload: circular as never, key: 'k0' } }],
      [size - 1, { code: 'INVALID_KEY', entry: { payload: { key: 'k0', n: -1 }, key: 12 as never } }],
    ])
    const makeBatch = (): readonly BatchEntry<Item, true>[] =>
      scenario
        .items(topic, { count: size, keys: 16 })
        .map((payload, index) => bad.get(index)?.entry ?? { payload, id: scenario.newId() })

    const good: string[] = []
    for (const settled of [false, true]) {
      const batch = makeBatch()
      const results = settled
        ? await client.publishBatch(topic, batch, { settled: true })
        : await client.publishBatch(topic, batch).then(
            () => assert.fail('a batch with bad members resolved'),
            (error: unknown) => {
              assert.ok(isSluiceError(error, 'BATCH_FAILED'), `rejection of a batch with bad members: ${String(error)}`)
              return (error as BatchError<never>).results
            },
          )
      assert.equal(results.length, size, 'one result per message')
      for (const [index, result] of results.entries()) {
        const wrong = bad.get(index)
        const found = result.status === 'stored' ? 'stored' : result.error.code
        assert.equal(found, wrong?.code ?? 'stored', `result of member ${index}`)
        if (result.status !== 'stored') continue
        assert.equal(result.receipt.id, batch[index]?.id, `receipt of member ${index}`)
        good.push(result.receipt.id)
      }
    }
    scenario.count({ messages: size * 2, keys: 16 })
    await refusedByTheBroker()
    assert.equal(await client.publishBatch(topic, []), [], 'an empty batch')
    const single = await client.publishBatch(topic, [{ payload: scenario.item(topic) }])
    good.push(single[0]?.id ?? 'no receipt')

    const all = await scenario.consume(client, topic, { group: 'all' })
    await scenario.until(() => all.done.size >= good.length, `the ${good.length} good members`, {
      saw: () => all.done.size,
    })
    assert.equal([...all.done].sort(), good.sort(), 'what was delivered')
    assert.equal(all.runs.length, good.length, 'deliveries')

    async function refusedByTheBroker(): Promise<void> {
      if (scenario.harness.faults.failSends === undefined) return
      const batch = scenario
        .items(topic, { count: size, keys: 16 })
        .map((payload) => ({ payload, id: scenario.newId() }))
      const refused = [3, 90, 91, 199].map((index) => batch[index]?.id ?? '')
      const undo = await scenario.faults.failSends({
        client,
        outcome: 'refused',
        topic: topic.name,
        ids: refused,
      })
      const results = await client.publishBatch(topic, batch, { settled: true })
      await undo()
      scenario.count({ messages: size })
      const failed = results.flatMap((result, index) => (result.status === 'failed' ? [batch[index]?.id] : []))
      assert.equal(failed, refused, 'members that the broker has refused')
      for (const result of results) {
        const code = result.status === 'failed' ? result.error.code : 'REFUSED'
        assert.ok(code === 'REFUSED' || code === 'UNROUTABLE', `a refusal of the broker: ${code}`)
      }
      good.push(...results.flatMap((result) => (result.status === 'stored' ? [result.receipt.id] : [])))
    }
  },
})
