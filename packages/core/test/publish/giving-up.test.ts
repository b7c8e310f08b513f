import { describe, expect, it } from 'vitest'
import { createSimulatedClock, type SimulatedClock } from '../../src/kit/simulated-clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { silent, stored, uncertain, type FakeBroker } from './fake-broker.js'
import { publishing } from './publishing.js'
import type { Publisher } from '../../src/publish/publisher.js'

const topic = defineTopic('t', { schema: unchecked<unknown>() })

interface Setting {
  readonly clock: SimulatedClock
  readonly broker: FakeBroker
  readonly publisher: Publisher
}

function setting(options: Parameters<typeof publishing>[0] = {}): Setting {
  const clock = createSimulatedClock()
  const deliver = (reports: readonly (() => void)[]): void => {
    clock.after(10, () => {
      for (const report of reports) report()
    })
  }
  return { clock, ...publishing({ clock, deliver, ...options }) }
}

const outcome = (promise: Promise<unknown>): { value: unknown } => {
  const seen: { value: unknown } = { value: 'pending' }
  promise.then(
    () => (seen.value = 'stored'),
    (error: { readonly code?: unknown }) => (seen.value = error.code),
  )
  return seen
}

describe('a deadline', () => {
  it('is TIMEOUT before the message is written, and nothing is sent', async () => {
    const { clock, broker, publisher } = setting()
    publisher.sideState('lost')
    const error = publisher.publish(topic, 1, { timeoutMs: 500 }).catch((thrown: unknown) => thrown)
    await clock.advance(499)
    expect(publisher.pending.messages).toBe(1)
    await clock.advance(1)
    expect(await error).toMatchObject({ code: 'TIMEOUT', cause: { code: 'DISCONNECTED' } })
    publisher.sideState('ready')
    await clock.advance(1_000)
    expect(broker.batches).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('is UNCERTAIN after it, also while the adapter is silent, and it is not sent again', async () => {
    const { clock, broker, publisher } = setting({ fate: () => silent(true) })
    const first = outcome(publisher.publish(topic, 1, { timeoutMs: 500 }))
    await clock.advance(500)
    expect(first.value).toBe('UNCERTAIN')
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
    broker.batches[0]?.report(0, uncertain(true).result as never)
    broker.fate = () => stored
    const second = publisher.publish(topic, 2)
    await clock.advance(100)
    await second
    expect(broker.batches.map(({ resend, envelopes }) => [resend, envelopes.length])).toEqual([
      [false, 1],
      [true, 1],
    ])
    expect(broker.batches[1]?.envelopes[0]?.id).not.toBe(broker.batches[0]?.envelopes[0]?.id)
  })

  it('is UNCERTAIN while the message waits to be sent again', async () => {
    const { clock, publisher } = setting({ fate: () => uncertain(false) })
    const error = publisher.publish(topic, 1, { timeoutMs: 2_000 }).catch((thrown: unknown) => thrown)
    await clock.advance(2_000)
    expect(await error).toMatchObject({ code: 'UNCERTAIN', cause: { code: 'DISCONNECTED' } })
    await clock.advance(2_000)
    expect(clock.pending).toBe(0)
  })

  it('tries again in growing distances, never in a tight loop', async () => {
    const { clock, broker, publisher } = setting({ fate: () => uncertain(false) })
    void outcome(publisher.publish(topic, 1, { timeoutMs: 30_000 }))
    await clock.advance(30_000)
    expect(broker.batches.length).toBeGreaterThan(10)
    expect(broker.batches.length).toBeLessThan(200)
  })

  it('is the same for those that wait for room, and lets the next move up', async () => {
    const buffer = { messages: 1, bytes: 1 << 20, waitingMessages: 10, waitingBytes: 1 << 20 }
    const { clock, broker, publisher } = setting({ buffer, fate: () => silent(false) })
    const first = outcome(publisher.publish(topic, 1, { timeoutMs: 1_000 }))
    const second = outcome(publisher.publish(topic, 2, { timeoutMs: 200 }))
    const third = outcome(publisher.publish(topic, 3, { timeoutMs: 5_000 }))
    await clock.advance(200)
    expect(second.value).toBe('TIMEOUT')
    await clock.advance(800)
    expect(first.value).toBe('UNCERTAIN')
    // The adapter holds the first still: its room is not free before it is reported.
    expect(broker.batches).toHaveLength(1)
    broker.fate = () => stored
    broker.batches[0]?.report(0, stored.result as never)
    await clock.advance(20)
    expect(third.value).toBe('stored')
  })

  it('tells the adapter how long anybody waits', async () => {
    const { clock, broker, publisher } = setting({ publishTimeoutMs: 30_000 })
    await Promise.all([
      publisher.publish(topic, 1, { timeoutMs: 500 }),
      publisher.publish(topic, 2, { timeoutMs: 900 }),
      clock.advance(20),
    ])
    await Promise.all([publisher.publish(topic, 3, { timeoutMs: 3_600_000 }), clock.advance(20)])
    expect(broker.batches.map(({ timeoutMs }) => timeoutMs)).toEqual([900, 30_000])
  })
})

describe('an abort', () => {
  it('is ABORTED before the message is written, and nothing is sent', async () => {
    const { clock, broker, publisher } = setting()
    const abort = new AbortController()
    const seen = outcome(publisher.publish(topic, 1, { signal: abort.signal }))
    abort.abort()
    await clock.advance(100)
    expect(seen.value).toBe('ABORTED')
    expect(outcome(publisher.publish(topic, 1, { signal: abort.signal }))).toBeDefined()
    await clock.advance(100)
    expect(broker.batches).toEqual([])
    expect(publisher.pending.messages).toBe(0)
  })

  it('is UNCERTAIN after it', async () => {
    const { clock, publisher } = setting({ fate: () => silent(true) })
    const abort = new AbortController()
    const seen = outcome(publisher.publish(topic, 1, { signal: abort.signal }))
    await clock.advance(5)
    abort.abort()
    await clock.advance(0)
    expect(seen.value).toBe('UNCERTAIN')
  })

  it('leaves no listener behind, and one signal serves any number of messages', async () => {
    const { clock, publisher } = setting()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...given)
    }
    const all = Promise.all(Array.from({ length: 100 }, async (_, n) => publisher.publish(topic, n, { signal })))
    expect(listeners).toBe(1)
    await clock.advance(100)
    await all
    expect(listeners).toBe(0)
    expect(clock.pending).toBe(0)
  })
})

describe('the state of the connection', () => {
  it('gates writing, and what waited goes out in order', async () => {
    const { clock, broker, publisher } = setting()
    publisher.sideState('blocked')
    const all = Promise.all(Array.from({ length: 5 }, async (_, n) => publisher.publish(topic, n, { id: `m${n}` })))
    await clock.advance(1_000)
    expect(broker.batches).toEqual([])
    publisher.sideState('ready')
    await clock.advance(20)
    await all
    expect(broker.firsts()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
  })
})
