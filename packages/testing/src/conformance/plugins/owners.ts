import { createSimulatedClock } from '@sluice/core/memory'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch, type Latch } from '../../scenario/handler-work.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { expectDepth, untilDepth } from '../../scenario/settled.js'
import { createStores, type StoreHandle } from './store.js'

/**
 * I8: the first owner stands still until its lease is over, a second one takes the id. What the first then says, that it has failed or
 * that it is done, changes nothing for the second, and lets no third one in.
 */
export const staleOwner: Conformance = defineConformance({
  id: 'I8',
  parallel: true,
  minimum: { messages: 12 },
  async run(scenario) {
    for (const firstEnds of ['fails', 'succeeds'] as const) {
      for (const secondEnds of ['fails', 'succeeds'] as const) {
        const clock = createSimulatedClock()
        const leaseMs = 30_000
        const open = createStores({ leaseMs, clock })
        const topic = scenario.plainTopic({ groups: ['all'] })
        const publisher = await scenario.messaging('publisher')
        const handles: StoreHandle[] = []
        const runs: { readonly latch: Latch; ended: boolean }[] = []
        const stats: (() => { readonly acked: number; readonly skipped: number })[] = []
        const handle = open()
        // Nobody renews: the first owner's process cannot reach the store while it stands still.
        handle.fail('renew')
        handles.push(handle)
        const client = await scenario.messaging('consumer')
        const options = {
          ...{ group: 'all', concurrency: 8, retry: fixedRetry(1), breaker: false as const },
          idempotency: handle.idempotency,
        }
        const subscription = await client.subscribe(topic, options, async () => {
          const run = { latch: createLatch(), ended: false }
          const index = runs.push(run) - 1
          await run.latch.opened
          run.ended = true
          if (index === 0 && firstEnds === 'fails') throw new Error('the first owner fails')
          if (index === 1 && secondEnds === 'fails') throw new Error('the second owner fails')
        })
        stats.push(() => subscription.stats())
        scenario.after(() => runs.forEach(({ latch }) => latch.open()))
        const id = scenario.newId()
        const answers = (method: string, answer: string): number =>
          handle.calls.filter((call) => call.method === method && call.answer === answer).length
        await publisher.publish(topic, { key: null, n: 0 }, { id })
        await scenario.until(() => runs.length === 1, 'the first owner')
        await publisher.publish(topic, { key: null, n: 0 }, { id })
        await scenario.until(() => answers('claim', 'busy') >= 1, 'the second copy to wait')
        await clock.advance(leaseMs + 1)
        await scenario.until(() => runs.length === 2, 'the second owner')
        await publisher.publish(topic, { key: null, n: 0 }, { id })
        scenario.count({ messages: 3 })
        const busy = answers('claim', 'busy')
        await scenario.until(() => answers('claim', 'busy') > busy, 'the third copy to wait')

        runs[0]?.latch.open()
        const method = firstEnds === 'fails' ? 'release' : 'complete'
        await scenario.until(() => answers(method, 'false') === 1, `the store to turn down the ${method} of the first`)
        const waiting = answers('claim', 'busy')
        await scenario.until(() => answers('claim', 'busy') >= waiting + 4, 'the others to ask again and again')
        assert.equal(runs.length, 2, 'runs while the second owner is at work')
        assert.equal([subscription.stats().acked, subscription.stats().skipped], [0, 0], 'acked, skipped meanwhile')
        await expectDepth(scenario, topic.name, 'all', 3)

        runs[1]?.latch.open()
        if (secondEnds === 'fails') {
          await scenario.until(() => runs.length === 3, 'a third owner')
          const more = answers('claim', 'busy')
          await scenario.until(() => answers('claim', 'busy') >= more + 2, 'the others to ask again')
          assert.equal(runs.length, 3, 'runs while the third owner is at work')
          runs[2]?.latch.open()
        }
        await untilDepth(scenario, topic.name, 'all')
        await scenario.until(
          () => stats.every((one) => one().acked + one().skipped === 3),
          'all copies to be settled',
          {
            saw: () => subscription.stats(),
          },
        )
        assert.equal(runs.length, secondEnds === 'fails' ? 3 : 2, 'runs in the end')
        assert.equal([subscription.stats().acked, subscription.stats().skipped], [1, 2], 'acked, skipped')
        assert.equal(answers('complete', 'true'), 1, 'marks')
      }
    }
  },
})

/**
 * I9: somebody else is at work on the id at the head of a key. Its lane waits, whole; other keys go on although there is one slot only.
 * A drain leaves it to the next instance, at once and unsettled.
 */
export const busyHolds: Conformance = defineConformance({
  id: 'I9',
  parallel: true,
  minimum: { messages: 320, keys: 16 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const open = createStores()
    const foreign = open()
    const [first, second] = [open(), open()]
    const held = Array.from({ length: 10 }, () => scenario.item(topic, 'held'))
    const heldId = scenario.newId()
    const entry = { topic: topic.name, group: 'all', id: heldId, header: () => undefined }
    const claim = await foreign.idempotency.store.claim(entry)
    assert.ok(claim.kind === 'claimed', 'the foreign owner has the id')

    const client = await scenario.messaging('first')
    const options = { group: 'all', concurrency: 1 }
    const all = await scenario.consume(client, topic, { ...options, idempotency: first.idempotency })
    const sent = [await scenario.publishOne(publisher, topic, held[0] as (typeof held)[number], { id: heldId })]
    for (const item of held.slice(1)) sent.push(await scenario.publishOne(publisher, topic, item))
    const heldIds = sent.map(({ id }) => id)
    await scenario.publishAll(publisher, topic, { count: 160, keys: 16 })
    await scenario.until(() => all.done.size === 160, 'other keys to go on past it', { saw: () => all.done.size })
    const asked = (handle: StoreHandle): number =>
      handle.calls.filter(({ id, method, answer }) => id === heldId && method === 'claim' && answer === 'busy').length
    const before = asked(first)
    await scenario.until(() => asked(first) >= Math.max(2, before + 1), 'the store to be asked again')
    assert.equal(
      all.runs.filter(({ id }) => heldIds.includes(id)).length,
      0,
      'runs of the key whose first message somebody else is at work on',
    )
    const { acked, skipped, givenBack, retried, running } = all.subscription.stats()
    assert.equal(
      [acked, skipped, givenBack, retried, running],
      [160, 0, 0, 0, 0],
      'acked, skipped, given back, retried, running',
    )
    await untilDepth(scenario, topic.name, 'all', 10)

    const watch = scenario.stopwatch()
    const report = await client.close({ deadlineMs: 10_000 })
    assert.atMost(watch.ranMs, 5_000, 'ms that a drain takes although an id is busy')
    assert.equal(
      [report.clean, report.leftRunning, report.leftWaiting],
      [true, 0, 10],
      'clean, left running, left waiting',
    )
    await expectDepth(scenario, topic.name, 'all', 10)
    const heir = await scenario.consume(await scenario.messaging('second'), topic, {
      ...options,
      idempotency: second.idempotency,
    })
    await scenario.publishAll(publisher, topic, { count: 160, keys: 16 })
    await scenario.until(() => heir.done.size === 160 && asked(second) >= 2, 'the next instance to stand there as well')
    assert.equal(heir.runs.filter(({ id }) => heldIds.includes(id)).length, 0, 'runs of the key at the next instance')
    await foreign.idempotency.store.release(entry, claim.fence)
    await scenario.until(() => heir.done.size === 170, 'the key when its first message is free', {
      saw: () => heir.done.size,
    })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(
      heir.runs.filter(({ id }) => heldIds.includes(id)).map(({ id, attempt }) => [id, attempt]),
      heldIds.map((id) => [id, 1]),
      'runs of the key, in order, and their attempts',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** I10: of each id there are two copies; one is handled and one lies among the dead letters, or both lie there. */
export const redriven: Conformance = defineConformance({
  id: 'I10',
  parallel: true,
  minimum: { messages: 200 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const handle = createStores()()
    const runs = new Map<string, number>()
    let mended = false
    const ids = Array.from({ length: 100 }, () => scenario.newId())
    const completed = new Set(ids.filter((_, index) => index % 2 === 0))
    const options = {
      group: 'all',
      concurrency: 10,
      retry: false as const,
      breaker: false as const,
      idempotency: handle.idempotency,
    }
    const all = await client.subscribe(topic, options, ({ id }) => {
      const run = (runs.get(id) ?? 0) + 1
      runs.set(id, run)
      if (mended || (completed.has(id) && run === 2)) return
      throw new Error('fails for good')
    })
    const settled = (): number => all.stats().acked + all.stats().skipped + all.stats().deadLettered
    for (let copy = 1; copy <= 2; copy++) {
      await Promise.all(ids.map((id, n) => client.publish(topic, { key: null, n }, { id })))
      scenario.count({ messages: ids.length })
      await scenario.until(() => settled() === copy * ids.length, `copies number ${copy}`, { saw: () => all.stats() })
    }
    const { acked, deadLettered } = all.stats()
    assert.equal([acked, deadLettered], [50, 150], 'handled, dead-lettered')
    mended = true
    const before = new Map(runs)
    const box = client.deadLetters(topic, 'all')
    const report = await box.redrive()
    assert.equal(report, { redriven: 150, skipped: 0 }, 'redriven')
    await scenario.until(() => settled() === 350, 'what was redriven', { saw: () => all.stats() })
    await untilDepth(scenario, topic.name, 'all')
    for (const id of ids) {
      const more = (runs.get(id) ?? 0) - (before.get(id) ?? 0)
      assert.equal(
        more,
        completed.has(id) ? 0 : 1,
        `runs after the redrive of a ${completed.has(id) ? 'completed' : 'failed'} id`,
      )
    }
    assert.equal([all.stats().acked, all.stats().skipped], [100, 100], 'handled, skipped')
    assert.equal((await box.list()).letters.length, 0, 'dead letters that are left')
  },
})
