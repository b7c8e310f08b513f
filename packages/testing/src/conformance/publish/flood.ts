import { bytesCodec, defineTopic, isSluiceError, unchecked, type Receipt } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { reachableBytes } from '../../scenario/memory-use.js'

const limitBytes = 64 * 1_048_576

/** P11: one synchronous loop of 100,000 calls. */
export const flood: Conformance = defineConformance({
  id: 'P11',
  minimum: { messages: 100_000 },
  timeoutMs: 60_000,
  async run(scenario) {
    const count = 100_000
    const topic = defineTopic(scenario.topicName(), {
      schema: unchecked<number>(),
      key: (n) => `k${n % 100}`,
      groups: ['all'],
    })
    const client = await scenario.messaging('publisher')
    await client.publish(topic, -1)
    const tally = createTally(count)
    const tracking = weightOfTracking(count)
    const rest = reachableBytes()
    // Listeners are the caller's business; they come after the measurement, before any promise can settle.
    const pending: Promise<Receipt>[] = []
    for (let n = 0; n < count; n++) pending.push(client.publish(topic, n, { id: String(n) }))
    const used = reachableBytes() - rest - tracking
    for (const publish of pending) tally.watch(publish)
    scenario.count({ messages: count, keys: 100 })
    await scenario.until(() => tally.ended() === count, `${count} publishes to end`, {
      // So many are no matter of one wait.
      timeoutMs: 3 * scenario.harness.timings.patienceMs,
      saw: tally.ended,
    })
    assert.atMost(used, limitBytes, 'bytes more than at rest while nothing has been sent yet')
    assert.equal(
      [...tally.codes()].filter((code) => code !== 'BUFFER_FULL'),
      [],
      'errors other than BUFFER_FULL',
    )
    assert.atLeast(tally.stored(), 10_000, 'publishes that were accepted')
    await expectExactly(scenario, topic.name, tally, async (seen) => {
      const reader = await scenario.messaging('reader')
      await reader.subscribe(topic, { group: 'all', concurrency: 100 }, ({ payload }) => seen(payload))
    })
  },
})

/** Bytes of a promise that nobody watches. */
const bytesOfPromise = 64

/** What a debugger or test runner that tracks promises adds to so many of them; else nothing. */
function weightOfTracking(count: number): number {
  const rest = reachableBytes()
  const held = Array.from({ length: count }, () => new Promise<never>(() => undefined))
  const weight = reachableBytes() - rest
  assert.equal(held.length, count, 'promises that were weighed')
  return Math.max(0, weight - count * bytesOfPromise)
}

const large = 20_000

/** P11: bodies of 20 kB while nobody takes them: room is counted in bytes, and who gets none is told at once. */
export const floodOfLargeBodies: Conformance = defineConformance({
  id: 'P11',
  part: 'bytes',
  needs: { faults: ['disconnect'] },
  minimum: { messages: 20_000, faults: 1 },
  timeoutMs: 60_000,
  async run(scenario) {
    const count = 20_000
    const topic = defineTopic(scenario.topicName(), {
      schema: unchecked<Uint8Array>(),
      codec: bytesCodec,
      groups: ['all'],
    })
    const client = await scenario.messaging('publisher')
    await client.publish(topic, bodyOf(-1))
    const tally = createTally(count)
    const connect = await scenario.faults.disconnect(client, 'publish')
    await scenario.until(() => client.health().publish !== 'ready', 'the publisher to know that it is disconnected')
    const rest = reachableBytes()
    let most = 0
    for (let n = 0; n < count; n++) {
      tally.watch(client.publish(topic, bodyOf(n), { id: String(n) }))
      // The rejected ones get a turn, so that their errors are not what is measured.
      if (n % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
      if (n % 4_000 === 3_999) most = Math.max(most, reachableBytes() - rest)
    }
    scenario.count({ messages: count })
    assert.atMost(most, limitBytes, 'bytes more than at rest while nobody takes the messages')
    await scenario.until(
      () => client.health().pendingPublishes + tally.ended() >= count,
      'those without room to be told',
      {
        saw: () => [client.health().pendingPublishes, tally.ended()],
      },
    )
    assert.atLeast(tally.ended(), count / 2, 'publishes that were told at once that there is no room')
    assert.atLeast(client.health().pendingPublishes, 500, 'publishes that wait')
    await connect()
    await scenario.until(() => tally.ended() === count, `${count} publishes to end`, {
      // So many are no matter of one wait.
      timeoutMs: 3 * scenario.harness.timings.patienceMs,
      saw: tally.ended,
    })
    assert.equal(
      [...tally.codes()].filter((code) => code !== 'BUFFER_FULL'),
      [],
      'errors other than BUFFER_FULL',
    )
    assert.atLeast(tally.stored(), 500, 'publishes that were accepted and stored')
    await expectExactly(scenario, topic.name, tally, async (seen) => {
      const reader = await scenario.messaging('reader')
      await reader.subscribe(topic, { group: 'all', concurrency: 50 }, ({ payload }) => seen(numberIn(payload)))
    })
  },
})

/** A body that begins with its number. */
function bodyOf(n: number): Uint8Array {
  const body = new Uint8Array(large)
  new DataView(body.buffer).setInt32(0, n)
  return body
}

const numberIn = (body: Uint8Array): number => new DataView(body.buffer, body.byteOffset).getInt32(0)

interface Tally {
  /** The id of the message is its number. */
  watch(publish: Promise<Receipt>): void
  ended(): number
  stored(): number
  wasStored(n: number): boolean
  codes(): ReadonlySet<string>
}

/** Remembers one byte per publish and shares its listeners, so that it does not show up in what is measured. */
function createTally(count: number): Tally {
  const stored = new Uint8Array(count)
  const codes = new Set<string>()
  let ended = 0
  let good = 0
  const store = ({ id }: Receipt): void => {
    ended++
    good++
    stored[Number(id)] = 1
  }
  const fail = (error: unknown): void => {
    ended++
    codes.add(isSluiceError(error) ? error.code : `not a SluiceError: ${String(error)}`)
  }
  return {
    watch: (publish) => void publish.then(store, fail),
    ended: () => ended,
    stored: () => good,
    wasStored: (n) => stored[n] === 1,
    codes: () => codes,
  }
}

/** Every stored message arrives, once, and no other does. */
async function expectExactly(
  scenario: Scenario,
  topic: string,
  tally: Tally,
  consume: (seen: (n: number) => void) => Promise<void>,
): Promise<void> {
  const runs = new Map<number, number>()
  await consume((n) => void runs.set(n, (runs.get(n) ?? 0) + 1))
  await scenario.until(() => runs.size >= tally.stored() + 1, `the ${tally.stored()} stored messages of ${topic}`, {
    saw: () => runs.size,
  })
  for (const [n, times] of runs) {
    if (n === -1) continue
    assert.ok(tally.wasStored(n), `message ${n} arrived though its publish was rejected`)
    assert.equal(times, 1, `deliveries of message ${n}`)
  }
  assert.equal(runs.size, tally.stored() + 1, 'different messages that arrived')
}
