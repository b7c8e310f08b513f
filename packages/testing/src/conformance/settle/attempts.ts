import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Consumption } from '../../scenario/consuming.js'
import { recordDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { createLatch } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const count = 48
const last = 5
const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, index) => index + 1)

/** S9: a message that fails n times shows the attempts 1 to n + 1 and no other number; the count goes with its durable copy. */
export const attemptCounts: Conformance = defineConformance({
  id: 'S9',
  parallel: true,
  minimum: { messages: 4 * count, keys: 8 },
  async run(scenario) {
    const keyed = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const plain = scenario.plainTopic({ groups: ['all'] })
    const durable = scenario.plainTopic({ groups: ['all'] })
    const mixed = scenario.plainTopic({ groups: ['all'] })
    await Promise.all([
      expectCounts(scenario, keyed, 'in-place'),
      expectCounts(scenario, plain, 'in-place'),
      expectCounts(scenario, durable, 'delayed'),
      // Short delays are waited for in place and long ones at the broker; the count does not care.
      expectCounts(scenario, mixed, 'auto'),
    ])
    scenario.check({
      groups: [keyed, plain, durable, mixed].map(({ name }) => ({ topic: name, group: 'all' })),
      requireSeenDeadLetters: true,
    })
  },
})

async function expectCounts(
  scenario: Scenario,
  topic: ItemTopic<boolean>,
  placement: 'in-place' | 'delayed' | 'auto',
): Promise<void> {
  const client = await scenario.messaging('client')
  const retry = fixedRetry(5, { attempts: last, placement })
  const options = { group: 'all', retry, breaker: false, concurrency: 8 } as const
  const given = new Set<string>()
  const all = await scenario.consume(client, topic, options, async ({ id, payload: { n } }, delivery) => {
    const wanted = n % (last + 1)
    if (n % 7 === 3 && delivery.attempt === 2 && !given.has(id)) {
      given.add(id)
      return delivery.giveBack()
    }
    if (delivery.attempt > wanted) return undefined
    if (delivery.attempt % 2 === 0) return delivery.retry({ delayMs: 3 })
    throw new Error(`failure ${delivery.attempt}`)
  })
  const sent = await scenario.publishAll(client, topic, topic.keyed ? { count, keys: 8 } : { count })
  const dead = sent.filter(({ item }) => item.n % (last + 1) === last).map(({ id }) => id)
  await scenario.until(
    () => all.done.size === count - dead.length && all.subscription.stats().deadLettered === dead.length,
    `${count} messages to come to their end`,
    { saw: () => all.subscription.stats() },
  )
  for (const { id, item } of sent) {
    const wanted = item.n % (last + 1)
    const attempts = all.runs
      .filter((run) => run.id === id && run.outcome !== 'given-back')
      .map(({ attempt }) => attempt)
    assert.equal(
      attempts,
      upTo(Math.min(last, wanted + 1)),
      `attempts of a message that fails ${wanted} times (${placement})`,
    )
    const back = all.runs.filter((run) => run.id === id && run.outcome === 'given-back').map(({ attempt }) => attempt)
    assert.equal(back, given.has(id) ? [2] : [], 'attempts that were given back')
  }
  const letters = await recordDeadLetters(scenario, client, topic, 'all')
  assert.equal(letters.map(({ id }) => id).sort(), [...dead].sort(), 'dead letters')
  for (const { id, attempts, firstFailureMs, lastFailureMs } of letters) {
    assert.equal(attempts, last, `attempts of the dead letter ${id}`)
    assert.ok((firstFailureMs ?? Infinity) <= (lastFailureMs ?? 0), `${id} knows its first and its last failure`)
  }
  await untilDepth(scenario, topic.name, 'all')
}

/** S9: connections that break while a handler runs, while a retry waits and while nothing happens add nothing and, in one process, lose nothing. */
export const attemptsThroughCuts: Conformance = defineConformance({
  id: 'S9',
  part: 'cuts',
  needs: { faults: ['cut'] },
  parallel: true,
  minimum: { messages: 2 * 10, faults: 2 * 6 },
  async run(scenario) {
    for (const topic of [
      scenario.keyedTopic({ partitions: 1, groups: ['all'] }),
      scenario.plainTopic({ groups: ['all'] }),
    ]) {
      const client = await scenario.messaging('client')
      let claims = 0
      client.on('claim', ({ state }) => void (state === 'claimed' && claims++))
      await scenario.publishAll(client, topic, topic.keyed ? { count: 10, keys: 5 } : { count: 10 })
      const cutIn = new Map([1, 3].map((attempt) => [attempt, { running: createLatch(), mayEnd: createLatch() }]))
      const isFirst = ({ payload }: { payload: Item }): boolean =>
        payload.n === 0 && (payload.key === null || payload.key === 'k0')
      const all = await scenario.consume(
        client,
        topic,
        { group: 'all', retry: fixedRetry(120), breaker: false },
        async (message, { attempt }) => {
          if (!isFirst(message)) return
          const held = cutIn.get(attempt)
          if (held !== undefined && !held.running.isOpen) {
            held.running.open()
            await held.mayEnd.opened
            return
          }
          if (attempt < 4) throw new Error(`failure ${attempt}`)
        },
      )
      const first = (): Consumption<Item>['runs'] => all.runs.filter(({ message }) => isFirst(message))
      const cut = async (): Promise<void> => {
        const before = claims
        await scenario.faults.loseClaims(client, 'consume')
        await scenario.until(() => claims > before, 'the claims to come back after the cut')
      }
      const cutInRun = async (attempt: number): Promise<void> => {
        const held = cutIn.get(attempt)
        await scenario.until(() => held?.running.isOpen, `attempt ${attempt} to run`)
        await cut()
        held?.mayEnd.open()
      }
      // Lost: its end counts for nothing. The redelivery is the first attempt still, fails, and is cut while it waits.
      await cutInRun(1)
      await scenario.until(() => first().at(-1)?.outcome === 'failed', 'the first failure')
      await cut()
      await cut()
      await cutInRun(3)
      await cut()
      await scenario.until(
        () => first().at(-1)?.attempt === 3 && first().at(-1)?.outcome === 'failed',
        'the third failure',
        {
          saw: () => first().map(({ attempt, outcome }) => [attempt, outcome]),
        },
      )
      await cut()
      await scenario.until(() => first().at(-1)?.attempt === 4 && all.done.size === 10, 'all messages', {
        saw: () => [all.done.size, first().map(({ attempt }) => attempt)],
      })
      const failed = first().filter(({ outcome }) => outcome === 'failed')
      assert.equal(
        failed.map(({ attempt }) => attempt),
        [1, 2, 3],
        'attempts that failed',
      )
      for (const { message, attempt, id } of all.runs)
        if (!isFirst(message)) assert.equal(attempt, 1, `attempt of ${id}, which never failed`)
      await untilDepth(scenario, topic.name, 'all')
    }
    scenario.check()
  },
})

/** S9: where failures are recorded at the broker, a kill takes none back; a kill in mid-run adds none. */
export const attemptsThroughKills: Conformance = defineConformance({
  id: 'S9',
  part: 'kill',
  needs: { capability: 'attemptRecord', faults: ['kill'] },
  minimum: { messages: 20, keys: 4, faults: 5 },
  timeoutMs: 60_000,
  async run(scenario) {
    const attempts = await killAgainAndAgain(scenario)
    // One failure before each kill, but those that hit a running handler: they add nothing.
    assert.equal(attempts, upTo(attempts.length), 'attempts over all processes: each exactly once')
  },
  async refused(scenario) {
    const { capabilities } = scenario.harness
    assert.equal(capabilities.attemptRecord, false, 'what the adapter declares')
    assert.equal(capabilities.notes['attemptRecord']?.how, 'refused', 'how the notes call it')
    const attempts = await killAgainAndAgain(scenario)
    // The count begins anew with each process. It is too small then, never too large.
    for (const attempt of attempts) assert.equal(attempt, 1, 'attempt in a new process')
  },
})

/** Attempts that failed, in order. Every process fails the message once and is killed, every second one after it has started it again. */
async function killAgainAndAgain(scenario: Scenario): Promise<readonly number[]> {
  const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
  const publisher = await scenario.messaging('publisher')
  await scenario.publishAll(publisher, topic, { count: 20, keys: 4 })
  const failed: number[] = []
  const isFirst = ({ key, n }: Item): boolean => key === 'k0' && n === 0
  for (let kill = 0; kill < scenario.kills; kill++) {
    const inRun = kill % 2 === 1
    const client = await scenario.messaging('killed')
    let runs = 0
    const options = { group: 'all', breaker: false, retry: fixedRetry(inRun ? 1 : 600_000) } as const
    const all = await scenario.consume(client, topic, options, async ({ payload }, { attempt }) => {
      if (!isFirst(payload)) return
      runs++
      if (runs > 1) await new Promise(() => undefined)
      failed.push(attempt)
      throw new Error('again')
    })
    await scenario.until(
      () => (inRun ? runs === 2 : runs === 1 && all.subscription.stats().held === 1),
      inRun ? 'the message to run again' : 'the message to wait for its retry',
      { saw: () => [runs, all.subscription.stats()] },
    )
    await scenario.faults.kill(client)
  }
  const end = await scenario.consume(await scenario.messaging('last'), topic, { group: 'all' })
  await scenario.until(
    () => end.runs.some(({ message }) => isFirst(message.payload)),
    'the message in the last process',
  )
  failed.push(end.runs.find(({ message }) => isFirst(message.payload))?.attempt ?? 0)
  await untilDepth(scenario, topic.name, 'all')
  scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  return failed
}
