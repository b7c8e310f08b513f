import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { recordBatches } from '../../scenario/batches.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import type { Message } from '@sluice/core'

const backlog = 600
const maxSize = 50
const maxWaitMs = 150

/** C11: batches out of a backlog are full, a few messages wait for company no longer than they may, and no more calls run than there are slots. */
export const batchSizes: Conformance = defineConformance({
  id: 'C11',
  parallel: true,
  minimum: { messages: backlog + 11 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('consumer')
    await scenario.publishAll(client, topic, { count: backlog })
    const go = createLatch()
    scenario.after(() => go.open())
    let open = 0
    let most = 0
    const instance = scenario.nameOf(client)
    const { handler, calls } = recordBatches<Message<Item>>(scenario.recorder, instance, 'all', async () => {
      most = Math.max(most, ++open)
      await go.opened
      await takes(1)
      open--
    })
    const options = { group: 'all', concurrency: 3, maxSize, maxWaitMs, window: { messages: backlog } }
    const subscription = await client.subscribeBatch(topic, options, handler)
    await scenario.until(() => calls.length === 3, 'a call in every slot', { saw: () => calls.length })
    assert.equal(subscription.stats().running, 3, 'calls that run, as the subscription counts them')
    assert.ok(
      calls.every(({ members }) => members.length === maxSize),
      `batches out of a backlog are full: ${calls.map(({ members }) => members.length).join(' ')}`,
    )
    go.open()
    const handled = (): number =>
      calls.reduce((sum, { members, endedMs }) => sum + (endedMs === undefined ? 0 : members.length), 0)
    await scenario.until(() => handled() === backlog, 'the backlog', { saw: handled })
    assert.equal(most, 3, 'calls at once')
    for (const { members } of calls) assert.atMost(members.length, maxSize, 'members of a batch')

    // Seven that arrive together wait for more, and one more that comes while they wait is not left out.
    const before = calls.length
    const publishedMs = performance.now()
    await scenario.publishAll(client, topic, { count: 7 })
    assert.equal(calls.length, before, 'calls for a batch that is not full, at once')
    await scenario.publishAll(client, topic, { count: 1 })
    await scenario.until(() => handled() === backlog + 8, 'the batch that is not full', { saw: handled })
    const late = calls.slice(before)
    assert.atMost(late.length, 2, 'calls for eight messages')
    assert.atLeast(late[0]?.startedMs ?? 0, publishedMs + maxWaitMs - 1, 'start of the first of them')
    assert.atMost(late[0]?.startedMs ?? Infinity, publishedMs + maxWaitMs + 1_500, 'start of the first of them')

    // The wait begins anew with the next message; it is none of the subscription.
    const alone = calls.length
    const againMs = performance.now()
    await scenario.publishAll(client, topic, { count: 3 })
    await scenario.until(() => handled() === backlog + 11, 'three more', { saw: handled })
    assert.atLeast(calls[alone]?.startedMs ?? 0, againMs + maxWaitMs - 1, 'start of the batch of the last three')
    const ids = calls.flatMap(({ members }) => members.map(({ id }) => id))
    assert.equal([new Set(ids).size, ids.length], [backlog + 11, backlog + 11], 'messages, and how often they came')
    await assert.rejects(
      client.subscribeBatch(
        scenario.plainTopic(),
        { group: 'all', maxSize: 11, window: { messages: 10 } },
        () => undefined,
      ),
      'INVALID_OPTION',
      'a maxSize larger than the window',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
