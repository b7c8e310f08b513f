import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { createLatch, takes } from '../../scenario/handler-work.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { runsById, untilDepth } from '../../scenario/settled.js'

const count = 500

/**
 * R8: a pause in mid-stream, with handlers running, messages that wait and retries that are due. Nothing goes back, nothing starts, the
 * assignment stays; afterwards everything goes on where it was.
 */
export const shortPause: Conformance = defineConformance({
  id: 'R8',
  parallel: true,
  minimum: { messages: 2 * count, keys: 32 },
  async run(scenario) {
    for (const topic of [
      scenario.keyedTopic({ partitions: 4, groups: ['all'] }),
      scenario.plainTopic({ groups: ['all'] }),
    ]) {
      const client = await scenario.messaging('consumer')
      const publisher = await scenario.messaging('publisher')
      await scenario.publishAll(publisher, topic, { count, keys: topic.keyed ? 32 : 0 })
      const go = createLatch()
      scenario.after(() => go.open())
      const failing = new Set<string>()
      const claims: string[] = []
      const all = await scenario.consume(
        client,
        topic,
        { group: 'all', concurrency: 8, window: { messages: 1_000 }, retry: fixedRetry(20) },
        async ({ id, payload }, { attempt }) => {
          if (attempt === 1 && payload.n % 5 === 0 && failing.size < 8) {
            failing.add(id)
            throw new Error('comes again during the pause')
          }
          if (!go.isOpen) await go.opened
        },
      )
      const { subscription } = all
      await scenario.until(() => subscription.stats().running === 8, 'all slots to be taken')
      // A failure that is on its way to the broker is not counted as waiting.
      const isHere = (): boolean => {
        const { delivered, waiting, held } = subscription.stats()
        return delivered === count && waiting + held === count - 8
      }
      await scenario.until(isHere, 'everything to wait here', { saw: () => subscription.stats() })
      client.on('claim', ({ topic: name, partition, state }) => {
        if (name === topic.name) claims.push(`${partition} ${state}`)
      })
      const before = subscription.stats()
      subscription.pause()
      const started = all.runs.length
      assert.equal([subscription.state, client.health().status], ['paused', 'up'], 'state, health of a wanted pause')
      // What runs may end; a retry that falls due and messages that come meanwhile wait.
      await scenario.publishAll(publisher, topic, { count: 50, keys: topic.keyed ? 32 : 0 })
      go.open()
      await scenario.until(() => subscription.stats().running === 0, 'the running handlers to end')
      const elsewhere = scenario.plainTopic({ groups: ['all'] })
      const marks = await scenario.consume(
        client,
        elsewhere,
        { group: 'all', retry: fixedRetry(40) },
        (_message, { attempt }) => {
          if (attempt === 1) throw new Error('twice as long as the retries that are due')
        },
      )
      await scenario.publishAll(publisher, elsewhere, { count: 5 })
      await scenario.until(() => marks.done.size === 5, 'another subscription of the same object')
      const after = subscription.stats()
      assert.equal(all.runs.length, started, 'handlers that have started during the pause')
      assert.equal([after.partitions, claims], [before.partitions, []], 'assignment')
      assert.equal(
        [after.delivered, after.givenBack, after.lost],
        [before.delivered, 0, 0],
        'delivered, given back, lost',
      )
      assert.equal(after.waiting + after.held, before.waiting + before.held, 'messages that wait here')
      // Eight have ended, fifty have come.
      await untilDepth(scenario, topic.name, 'all', count - 8 + 50)
      subscription.resume()
      assert.equal(subscription.state, 'running', 'state after the pause')
      await scenario.until(() => all.done.size === count + 50, 'everything', { saw: () => all.done.size })
      await untilDepth(scenario, topic.name, 'all')
      assert.equal(subscription.stats().delivered, count + 50, 'hand-overs')
      for (const [id, runs] of runsById(all.runs)) assert.equal(runs, failing.has(id) ? 2 : 1, `runs of ${id}`)
      const attempts = all.runs.filter(({ attempt }) => attempt > 1).length
      assert.equal(attempts, failing.size, 'second attempts')
      scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    }
  },
})

const holdMs = 250

/** R8: longer than the broker's hold limit. The partitions stay with the paused one although another instance has room. */
export const longPause: Conformance = defineConformance({
  id: 'R8',
  part: 'hold',
  parallel: true,
  needs: { holdMs },
  minimum: { messages: count, keys: 32 },
  timeoutMs: 60_000,
  longTimeoutMs: 120_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('paused')
    const other = await scenario.messaging('other')
    const publisher = await scenario.messaging('publisher')
    const limitMs = Number.isFinite(scenario.harness.timings.holdMs) ? scenario.harness.timings.holdMs : holdMs
    const options = { group: 'all', concurrency: 4, window: { messages: 1_000 } }
    const go = createLatch()
    scenario.after(() => go.open())
    const paused = await scenario.consume(client, topic, options, () => (go.isOpen ? undefined : go.opened))
    const busy = await scenario.consume(other, topic, options)
    await scenario.until(
      () => [paused, busy].every(({ subscription }) => subscription.stats().partitions.length === 2),
      'the partitions to be shared',
    )
    const own = paused.subscription.stats().partitions
    const taken: string[] = []
    for (const one of [client, other]) {
      one.on('claim', ({ partition, state }) => {
        if (state === 'lost' || state === 'revoked') taken.push(`${partition} ${state}`)
      })
    }
    const sent = await scenario.publishAll(publisher, topic, { count, keys: 32 })
    const theirs = sent.filter(({ receipt }) => own.includes(receipt?.partition ?? -1)).length
    await scenario.until(() => paused.subscription.stats().running === 4, 'handlers of the one that is paused next')
    paused.subscription.pause()
    go.open()
    await scenario.until(() => paused.subscription.stats().running === 0, 'its handlers to end')
    const handled = paused.runs.length
    await scenario.until(() => busy.done.size === count - theirs, 'the other instance to have handled its own')
    await takes(limitMs * 2)
    assert.equal(paused.runs.length, handled, 'handlers that have started during the pause')
    assert.equal(busy.runs.length, count - theirs, 'messages that the other instance has handled')
    assert.equal(taken, [], 'claims that were taken away or handed over')
    if (scenario.inspect.owners !== undefined) {
      const owners = await scenario.inspect.owners(topic.name, 'all')
      // A queue that is not consumed for a while may have no owner that the broker knows; it has no other one.
      const others = own.map((partition) => owners[partition]).filter((owner) => owner !== undefined)
      assert.equal(
        others.filter((owner) => owner !== scenario.nameOf(client)),
        [],
        'owners of the partitions of the paused instance',
      )
    }
    paused.subscription.resume()
    await scenario.until(() => paused.done.size === theirs, 'everything', { saw: () => paused.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(paused.subscription.stats().partitions, own, 'partitions of the paused instance')
    assert.ok(
      [...paused.runs, ...busy.runs].every(({ attempt }) => attempt === 1),
      'no attempt is counted for a pause',
    )
    assert.equal([paused.runs.length, busy.runs.length], [theirs, count - theirs], 'runs')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})
