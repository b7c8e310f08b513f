import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch, takes } from '../../scenario/handler-work.js'

/** Far more than the handlers that are in time take, also where the machine stands still for a moment. */
const limitMs = 1_000
const others = 500

/**
 * C18: one key whose handler overruns its limit. Until its promise ends nothing starts beside it, the key stands still and health says
 * so while other keys go on; then the attempt has failed, although the handler itself thinks that it went well.
 */
export const handlerTimeout: Conformance = defineConformance({
  id: 'C18',
  parallel: true,
  minimum: { messages: others, keys: 16 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const overdue: string[] = []
    client.on('overdue', ({ id, runningMs, topic: name, group }) => {
      assert.equal([name, group], [topic.name, 'all'], 'where an overdue handler runs')
      assert.atLeast(runningMs, limitMs, 'how long it runs when it is overdue')
      overdue.push(id)
    })
    const first = createLatch()
    scenario.after(() => first.open())
    const reasons: unknown[] = []
    const options = { group: 'all', handlerTimeoutMs: limitMs, retry: fixedRetry(20, { attempts: 3 }), concurrency: 4 }
    let open = 0
    let most = 0
    const all = await scenario.consume(client, topic, options, async ({ payload }, delivery) => {
      most = Math.max(most, ++open)
      if (payload.key !== 'slow') await takes(1)
      if (payload.key !== 'slow' || payload.n !== 0 || delivery.attempt > 1) {
        open--
        return
      }
      delivery.signal.addEventListener('abort', () => reasons.push(delivery.signal.reason))
      await first.opened
      open--
    })
    const slow = [0, 1, 2].map(() => scenario.item(topic, 'slow'))
    const published = await Promise.all(slow.map((item) => scenario.publishOne(client, topic, item)))
    const stuckId = published[0]?.id ?? ''
    await scenario.until(() => overdue.length > 0 && reasons.length > 0, 'the handler to be overdue')
    const began = all.runs.find(({ id }) => id === stuckId)?.startedMs ?? Infinity
    assert.atLeast(performance.now() - began, limitMs - 1, 'time until the handler is overdue in ms')

    const stuckBefore = client.health().subscriptions[0]?.stuck ?? []
    assert.equal(
      stuckBefore.map(({ id, reason }) => [id, reason]),
      [[stuckId, 'overdue']],
      'what health shows as stuck',
    )
    await scenario.publishAll(client, topic, { count: others })
    await scenario.until(() => all.done.size === others, 'the other keys', { saw: () => all.done.size })
    const ofSlow = (): readonly (readonly [number, number])[] =>
      all.runs
        .filter(({ message }) => message.payload.key === 'slow')
        .map((run) => [run.message.payload.n, run.attempt])
    assert.equal(most, 4, 'handlers at once: the overdue one has its slot')
    assert.equal(ofSlow(), [[0, 1]], 'runs of the slow key while its first handler goes on')
    const { status, problems, subscriptions } = client.health()
    assert.ok(status !== 'up' && problems.length === 1, `health tells of it: ${status} ${problems.join(' ')}`)
    assert.atLeast(subscriptions[0]?.stuck[0]?.sinceMs ?? -1, stuckBefore[0]?.sinceMs ?? 0, 'ms since it is stuck')
    assert.equal(all.subscription.stats().retried, 0, 'failed attempts before the promise has ended')

    first.open()
    await scenario.until(() => ofSlow().length === 4 && all.done.size === others + 3, 'the slow key', { saw: ofSlow })
    assert.equal(
      ofSlow(),
      [
        [0, 1],
        [0, 2],
        [1, 1],
        [2, 1],
      ],
      'runs of the slow key: number and attempt',
    )
    const runs = all.runs.filter(({ id }) => id === stuckId)
    assert.atLeast(runs[1]?.startedMs ?? 0, (runs[0]?.endedMs ?? Infinity) + 19, 'start of the second attempt in ms')
    assert.equal([reasons.length, overdue], [1, [stuckId]], 'signals and events')
    assert.equal(client.health().status, 'up', 'health when the handler has ended')
    assert.equal(client.health().subscriptions[0]?.stuck, [], 'stuck keys when the handler has ended')
    const { retried, acked, deadLettered } = all.subscription.stats()
    assert.equal([retried, acked, deadLettered], [1, others + 3, 0], 'retried, acked, dead-lettered')
  },
})

/** C18: handlers that always overrun use up their attempts, one after the other. */
export const handlerTimeoutExhausted: Conformance = defineConformance({
  id: 'C18',
  part: 'exhausted',
  parallel: true,
  minimum: { messages: 6, keys: 2 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const reasons: string[] = []
    client.on('deadLetter', ({ reason, attempts: count }) => reasons.push(`${count} ${reason}`))
    const options = { group: 'all', handlerTimeoutMs: 30, retry: fixedRetry(1, { attempts: 2 }) }
    let open = 0
    let most = 0
    const all = await scenario.consume(client, topic, options, async ({ payload }, { signal }) => {
      if (payload.key !== 'slow') return
      most = Math.max(most, ++open)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)))
      open--
    })
    const items = ['slow', 'slow', 'slow', 'quick', 'quick', 'quick'].map((key) => scenario.item(topic, key))
    const sent = await Promise.all(items.map((item) => scenario.publishOne(client, topic, item)))
    await scenario.until(() => all.subscription.stats().deadLettered === 3, 'three dead letters')
    assert.equal(
      all.runs
        .filter(({ message }) => message.payload.key === 'slow')
        .map(({ message, attempt }) => [message.payload.n, attempt]),
      [0, 1, 2].flatMap((n) => [
        [n, 1],
        [n, 2],
      ]),
      'attempts of the slow key, in order',
    )
    assert.equal(most, 1, 'handlers of the slow key at once')
    assert.equal(reasons.length, 3, 'events of dead letters')
    assert.ok(
      reasons.every((reason) => reason.startsWith('2 ') && reason.includes('30 ms')),
      `dead letters tell of the limit: ${reasons[0]}`,
    )
    if (scenario.inspect.deadLetters !== undefined) {
      assert.equal(
        await scenario.inspect.deadLetters(topic.name, 'all'),
        sent.slice(0, 3).map(({ id }) => id),
        'dead letters',
      )
    }
  },
})
