import { defineTopic, unchecked, type SluiceError } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Item } from '../../scenario/item.js'

const count = 500

/** O13: who expects more or fewer partitions than there are, or keys where there are none, learns of it before anything is sent or read. */
export const partitionMismatch: Conformance = defineConformance({
  id: 'O13',
  parallel: true,
  minimum: { messages: count, keys: 16 },
  async run(scenario) {
    const name = scenario.topicName()
    const define = (partitions: number | undefined, groups: readonly string[] = []) =>
      defineTopic(name, {
        schema: unchecked<Item>(),
        key: (item: Item) => item.key,
        groups,
        ...(partitions === undefined ? {} : { partitions }),
      })
    const right = define(4, ['all'])
    const owner = await scenario.messaging('owner')
    await owner.provision([right])
    const payload: Item = { key: 'k0', n: -1 }
    for (const partitions of [3, 8]) {
      const wrong = define(partitions)
      const withGroups = define(partitions, ['all', `new-${partitions}`])
      const client = await scenario.messaging('mistaken')
      const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['the first publish', () => client.publish(wrong, payload)],
        ['the next publish', () => client.publish(wrong, payload)],
        ['a publish that names groups', () => client.publish(withGroups, payload)],
        ['a subscription of a group that exists', () => client.subscribe(wrong, { group: 'all' }, () => undefined)],
        ['a subscription of a new group', () => client.subscribe(wrong, { group: 'other' }, () => undefined)],
        ['a batch subscription', () => client.subscribeBatch(wrong, { group: 'all' }, () => undefined)],
        ['a stream', () => client.stream(wrong, { group: 'all' }).subscription],
        ['provisioning', () => client.provision([wrong])],
        ['verifying', () => client.provision([wrong], { mode: 'verify' })],
      ]
      for (const [what, run] of attempts) expectMismatch(await assert.rejects(run(), 'TOPOLOGY_MISMATCH', what), what)
      const batch = await client.publishBatch(wrong, [{ payload }, { payload }], { settled: true })
      for (const result of batch) {
        assert.ok(result.status === 'failed' && result.error.code === 'TOPOLOGY_MISMATCH', 'a member of a batch')
        expectMismatch(result.error, 'a member of a batch')
      }
      const plan = await client.provision([wrong], { mode: 'plan' })
      assert.ok(
        plan.items.some(({ state, wanted, found }) => state === 'differs' && wanted !== found && found !== undefined),
        'a plan tells of the difference',
      )
      // One mistaken topic value spoils nothing for the right one.
      await owner.publish(right, payload)

      function expectMismatch(error: SluiceError, what: string): void {
        const told = `${error.message} ${JSON.stringify(error.issues ?? [])}`
        assert.ok(
          told.includes(String(partitions)) && /\b4\b/.test(told) && told.includes(name),
          `${what} names the topic, wanted and found: ${told}`,
        )
      }
    }
    const found = await owner.provision([{ topic: right, groups: ['new-3', 'new-8', 'other'] }], { mode: 'plan' })
    assert.equal(found.items.filter(({ state }) => state === 'missing').length, 3, 'groups that a refusal did not make')

    const reader = await scenario.messaging('reader')
    const strays: number[] = []
    // Who names no number takes what is there.
    const all = await scenario.consume(reader, define(undefined), { group: 'all' }, (message) => {
      if (message.payload.n < 0) strays.push(message.payload.n)
    })
    await scenario.publishAll(owner, right, { count })
    await scenario.until(() => all.done.size === count + 2, 'the messages of the right topic value', {
      saw: () => all.done.size,
    })
    assert.equal([all.runs.length, strays.length], [count + 2, 2], 'deliveries: none was sent by mistake')
    assert.equal(all.subscription.stats().partitions, [0, 1, 2, 3], 'partitions of who named no number')
    const plain = defineTopic(name, { schema: unchecked<Item>() })
    const unkeyed = await scenario.messaging('unkeyed')
    await assert.rejects(
      unkeyed.publish(plain, payload),
      'TOPOLOGY_MISMATCH',
      'a publish without keys to a keyed topic',
    )
    await assert.rejects(
      unkeyed.subscribe(plain, { group: 'third' }, () => undefined),
      'TOPOLOGY_MISMATCH',
      'a subscription without keys of a keyed topic',
    )
  },
})
