import { getEventListeners } from 'node:events'
import { closeOnSignals, memoryIdempotency, perSecond, type Subscription } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { countingClock } from '../../scenario/counting-clock.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { turns } from '../../scenario/turns.js'

const cycles = 6
const farMs = 600_000
/** A socket needs a moment until the system has let go of it. */
const letGoMs = 500

/**
 * D6: a messaging object with everything that can wait, waiting: retries, give-backs, probes, batches, tokens, timeouts, listeners. It is
 * closed, and nothing of it keeps the process from ending. Several times, so that what grows is seen.
 */
export const nothingLeft: Conformance = defineConformance({
  id: 'D6',
  minimum: { messages: cycles * 50 },
  async run(scenario) {
    const keeper = await scenario.messaging('keeper')
    const registered = await scenario.inspect.listeners?.()
    const signalListeners = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
    const signalsBefore = signalListeners()
    const caller = new AbortController()
    await turns(3)
    const before = activeResources()
    for (let cycle = 0; cycle < cycles; cycle++) {
      await busyLife(scenario, caller.signal, cycle % 2 === 0)
      const what = `of cycle ${cycle + 1}`
      assert.equal(getEventListeners(caller.signal, 'abort').length, 0, `listeners on the caller's signal ${what}`)
      assert.equal(signalListeners(), signalsBefore, `listeners for signals of the process ${what}`)
      let left: readonly string[] = []
      await scenario.until(
        () => (left = surplus(before, activeResources())).length === 0,
        `no resource to be left ${what}`,
        {
          timeoutMs: letGoMs,
          saw: () => left,
        },
      )
      if (registered !== undefined) {
        const { inspect } = scenario
        await scenario.until(async () => (await inspect.listeners?.()) === registered, `nothing registered ${what}`, {
          timeoutMs: letGoMs,
          saw: () => inspect.listeners?.(),
        })
      }
    }
    await keeper.close()
  },
})

/** What keeps the event loop alive, by kind. */
function activeResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'Immediate' || kind === 'TickObject') continue
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

function surplus(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): readonly string[] {
  return [...now].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind, count]) => `${count} ${kind}`)
}

async function busyLife(scenario: Scenario, signal: AbortSignal, whole: boolean): Promise<void> {
  const counting = countingClock()
  const client = await scenario.messaging('busy', { clock: counting.clock })
  const forget = closeOnSignals(client)
  client.on('retry', () => undefined)
  client.on('connection', () => undefined)
  const topic = (): ReturnType<typeof scenario.plainTopic> => scenario.plainTopic({ groups: ['all'] })
  const base = { group: 'all', breaker: false } as const
  const subscriptions: Subscription[] = []

  const keyed = scenario.keyedTopic({ groups: ['all'] })
  const far = await scenario.consume(
    client,
    keyed,
    { ...base, retry: fixedRetry(farMs), handlerTimeoutMs: farMs, concurrency: 20, idempotency: memoryIdempotency() },
    async ({ payload }, delivery) => {
      if (payload.key === 'k0') throw new Error('in ten minutes')
      if (payload.key === 'k1') await delivery.giveBack({ delayMs: farMs })
    },
  )
  await scenario.publishAll(client, keyed, { count: 10, keys: 5, options: () => ({ signal }) })
  subscriptions.push(far.subscription)

  const tripping = topic()
  const tripped = await scenario.consume(
    client,
    tripping,
    { group: 'all', retry: fixedRetry(1), breaker: { failures: 3, probeMs: farMs, maxProbeMs: farMs } },
    () => {
      throw new Error('everything fails')
    },
  )
  await scenario.publishAll(client, tripping, { count: 10 })
  subscriptions.push(tripped.subscription)

  const limited = topic()
  const slow = await scenario.consume(client, limited, { ...base, rateLimit: perSecond(1) })
  await scenario.publishAll(client, limited, { count: 10 })
  subscriptions.push(slow.subscription)

  const held = topic()
  const keeping = await scenario.consume(client, held, { ...base, retry: false, onExhausted: 'hold' }, () => {
    throw new Error('to be held')
  })
  await scenario.publishAll(client, held, { count: 5 })
  subscriptions.push(keeping.subscription)

  const delayed = topic()
  const durable = await scenario.consume(
    client,
    delayed,
    { ...base, retry: fixedRetry(farMs, { placement: 'delayed' }) },
    () => {
      throw new Error('in ten minutes, at the broker')
    },
  )
  await scenario.publishAll(client, delayed, { count: 5 })
  subscriptions.push(durable.subscription)

  const batched = topic()
  const filling = await client.subscribeBatch(batched, { ...base, maxSize: 30, maxWaitMs: farMs }, () => undefined)
  await scenario.publishAll(client, batched, { count: 5 })
  subscriptions.push(filling)

  const streamed = topic()
  const stream = client.stream(streamed, base)
  await stream.subscription
  await scenario.publishAll(client, streamed, { count: 4 })
  for await (const delivery of stream) {
    await delivery.ack()
    break
  }

  const dead = topic()
  const failing = await scenario.consume(client, dead, base, (_, delivery) => delivery.deadLetter('no'))
  await scenario.publishAll(client, dead, { count: 3 })
  subscriptions.push(failing.subscription)
  await scenario.until(() => failing.subscription.stats().deadLettered === 3, 'dead letters')
  const box = client.deadLetters(dead, 'all')
  await box.list({ limit: 1 })
  await box.redrive({ dryRun: true, signal })
  await box.purge()

  await scenario.until(
    () =>
      far.subscription.stats().held === 2 &&
      tripped.subscription.state === 'breaker-open' &&
      slow.subscription.stats().waiting >= 5 &&
      keeping.subscription.held().length === 5 &&
      durable.runs.length === 5 &&
      filling.stats().waiting === 5,
    'everything to wait for something',
    { saw: () => subscriptions.map((one) => [one.state, one.stats()]) },
  )
  assert.atLeast(counting.pending, 3, 'waits that are under way before the close')
  if (!whole) for (const subscription of subscriptions) await subscription.close()
  const report = await client.close()
  forget()
  assert.ok(report.clean, 'the close was clean')
  assert.equal(counting.pending, 0, `waits that are left of ${counting.begun} when close resolves`)
  await turns(5)
  assert.equal(counting.pending, 0, 'waits that were begun after the close')
}
