import { isSluiceError, PermanentError, type Delivery } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { ItemTopic } from '../../scenario/item.js'
import { expectDepth, runsById, untilDepth } from '../../scenario/settled.js'

const ends: Readonly<Record<string, (delivery: Delivery) => unknown>> = {
  ack: (delivery) => delivery.ack(),
  retry: (delivery) => delivery.retry({ delayMs: 1 }),
  deadLetter: (delivery) => delivery.deadLetter('too late'),
  giveBack: (delivery) => delivery.giveBack(),
  return: () => undefined,
  throw: () => {
    throw new Error('too late')
  },
  permanent: () => {
    throw new PermanentError('too late')
  },
}
const forms = Object.keys(ends)

/**
 * S16: handlers run while the connection is cut. They settle in every way there is, and nothing of it reaches the broker: not for the
 * old delivery, and not for the new one of the same message, which waits behind the old handler.
 */
export const settleOnLost: Conformance = defineConformance({
  id: 'S16',
  needs: { faults: ['cut', 'kill'] },
  parallel: true,
  minimum: { messages: 4 * (forms.length + 20), keys: forms.length, faults: 4 },
  async run(scenario) {
    for (const side of ['consume', undefined] as const) {
      const topics = [scenario.keyedTopic({ partitions: 2, groups: ['all'] }), scenario.plainTopic({ groups: ['all'] })]
      for (const topic of topics) await lostAndSettled(scenario, topic, side)
    }
    scenario.check()
  },
})

async function lostAndSettled(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  side: 'consume' | undefined,
): Promise<void> {
  const publisher = await scenario.messaging('publisher')
  const sent = await scenario.publishAll(
    publisher,
    topic,
    topic.keyed ? { count: forms.length, keys: forms.length } : { count: forms.length },
  )
  const formOf = new Map(sent.map(({ id }, index) => [id, forms[index] ?? '']))
  const client = await scenario.messaging('client')
  const lost: string[] = []
  let claimed = 0
  client.on('lost', ({ id }) => void lost.push(id))
  client.on('claim', ({ state }) => void (state === 'claimed' && claimed++))
  const cutDone = createLatch()
  const second = createLatch()
  const signals: (() => unknown)[] = []
  const seen = new Set<string>()
  const reasons: unknown[] = []
  const options = { group: 'all', retry: fixedRetry(1, { attempts: 1 }), concurrency: 30, breaker: false } as const
  const all = await scenario.consume(client, topic, options, async ({ id }, delivery) => {
    const form = formOf.get(id)
    if (form === undefined) return
    if (seen.has(id)) {
      await second.opened
      return
    }
    seen.add(id)
    signals.push(() => delivery.signal.reason as unknown)
    delivery.signal.addEventListener('abort', () => void reasons.push(delivery.signal.reason))
    await cutDone.opened
    await ends[form]?.(delivery)
  })
  await scenario.until(() => all.runs.length === forms.length, 'all handlers to run')
  const before = claimed
  await scenario.faults.loseClaims(client, side)
  await scenario.until(
    () => claimed > before && all.subscription.stats().waiting === forms.length,
    'the redeliveries to wait behind the old handlers',
    { saw: () => [claimed - before, all.subscription.stats()] },
  )
  assert.equal(all.runs.length, forms.length, 'runs: no redelivery starts beside its old handler')
  assert.equal(reasons.length, forms.length, 'signals that have fired')
  for (const reason of reasons)
    assert.ok(isSluiceError(reason, 'DELIVERY_LOST'), 'the reason of a signal is DELIVERY_LOST')
  cutDone.open()
  await scenario.until(() => all.runs.length === 2 * forms.length, 'every redelivery to run', {
    saw: () => [...runsById(all.runs)],
  })
  assert.equal([...lost].sort(), sent.map(({ id }) => id).sort(), 'messages that an event called lost')
  for (const { id } of sent) {
    assert.equal(
      all.runs.filter((run) => run.id === id).map(({ attempt }) => attempt),
      [1, 1],
      `attempts of the message that ended with ${formOf.get(id) ?? ''}`,
    )
  }
  // While the second handlers run nothing is settled, whatever the first ones have said.
  const more = await scenario.publishAll(publisher, topic, topic.keyed ? { count: 20, keys: 20 } : { count: 20 })
  const free = more.filter(({ item }) => item.key === null || Number(item.key.slice(1)) >= forms.length)
  await scenario.until(() => free.every(({ id }) => all.done.has(id)), 'messages behind them')
  await untilDepth(scenario, topic.name, 'all', forms.length + more.length - free.length)
  const { acked, deadLettered, retried, givenBack } = all.subscription.stats()
  assert.equal(
    [acked, deadLettered, retried, givenBack],
    [free.length, 0, 0, 0],
    'acked, dead-lettered, retried, given back',
  )
  assert.equal((await listDeadLetters(publisher, topic, 'all')).length, 0, 'dead letters')
  await scenario.faults.kill(client)
  await expectDepth(scenario, topic.name, 'all', forms.length + more.length - free.length)

  const next = await scenario.consume(await scenario.messaging('next'), topic, { group: 'all' })
  await scenario.until(() => sent.every(({ id }) => next.done.has(id)), 'what nobody had settled', {
    saw: () => next.done.size,
  })
  second.open()
  await untilDepth(scenario, topic.name, 'all')
  for (const { id, attempt } of next.runs) assert.equal(attempt, 1, `attempt of ${id}, which nobody has failed`)
}
