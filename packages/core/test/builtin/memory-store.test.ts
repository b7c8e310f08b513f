import { describe, expect, it } from 'vitest'
import { memoryIdempotency } from '../../src/builtin/memory-idempotency.js'
import { createMemoryStore, type MemoryStoreOptions } from '../../src/builtin/memory-store.js'
import { createSimulatedClock, type SimulatedClock } from '../../src/kit/simulated-clock.js'
import type { IdempotencyEntry, IdempotencyStore } from '../../src/model/store.js'

const entry = (id: string, over: Partial<IdempotencyEntry> = {}): IdempotencyEntry => ({
  topic: 'orders',
  group: 'billing',
  id,
  header: () => undefined,
  ...over,
})

function setUp(options: MemoryStoreOptions = {}): { store: IdempotencyStore; clock: SimulatedClock } {
  const clock = createSimulatedClock()
  return { store: createMemoryStore({ clock, leaseMs: 10_000, retainMs: 60_000, ...options }), clock }
}

async function fenceOf(store: IdempotencyStore, id: string): Promise<string> {
  const claim = await store.claim(entry(id))
  if (claim.kind !== 'claimed') throw new Error(`"${id}" is ${claim.kind}`)
  return claim.fence
}

describe('createMemoryStore', () => {
  it('lets exactly one of many run', async () => {
    const { store } = setUp()
    const claims = await Promise.all(Array.from({ length: 5 }, () => store.claim(entry('1'))))
    expect(claims.map((claim) => claim.kind).sort()).toEqual(['busy', 'busy', 'busy', 'busy', 'claimed'])
  })

  it('remembers what was completed, and forgets it after retainMs', async () => {
    const { store, clock } = setUp()
    const fence = await fenceOf(store, '1')
    await clock.advance(5_000)
    expect(await store.complete(entry('1'), fence)).toBe(true)
    await clock.advance(59_999)
    expect(await store.claim(entry('1'))).toEqual({ kind: 'done' })
    await clock.advance(1)
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'claimed', leaseMs: 10_000 })
  })

  it('may be claimed again at once after a release', async () => {
    const { store } = setUp()
    const fence = await fenceOf(store, '1')
    expect(await store.release(entry('1'), fence)).toBe(true)
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'claimed' })
  })

  it('says how long to wait, at most a second', async () => {
    const { store, clock } = setUp()
    await fenceOf(store, '1')
    expect(await store.claim(entry('1'))).toEqual({ kind: 'busy', retryMs: 1_000 })
    await clock.advance(9_750)
    expect(await store.claim(entry('1'))).toEqual({ kind: 'busy', retryMs: 250 })
    await clock.advance(250)
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'claimed' })
  })

  it('keeps a lease that is renewed', async () => {
    const { store, clock } = setUp()
    const fence = await fenceOf(store, '1')
    for (let i = 0; i < 5; i += 1) {
      await clock.advance(9_000)
      expect(await store.renew(entry('1'), fence)).toBe(true)
    }
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'busy' })
  })

  it('does nothing for an owner who was replaced', async () => {
    const { store, clock } = setUp()
    const old = await fenceOf(store, '1')
    await clock.advance(10_000)
    const current = await fenceOf(store, '1')
    expect(current).not.toBe(old)
    for (const call of [store.renew, store.complete, store.release]) expect(await call(entry('1'), old)).toBe(false)
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'busy' })
    expect(await store.complete(entry('1'), current)).toBe(true)
    for (const call of [store.renew, store.complete, store.release]) expect(await call(entry('1'), current)).toBe(false)
    expect(await store.claim(entry('1'))).toEqual({ kind: 'done' })
  })

  it('lets a late owner complete when nobody has taken over', async () => {
    const { store, clock } = setUp()
    const fence = await fenceOf(store, '1')
    await clock.advance(30_000)
    expect(await store.complete(entry('1'), fence)).toBe(true)
    expect(await store.claim(entry('1'))).toEqual({ kind: 'done' })
  })

  it('knows topics, groups and ids apart', async () => {
    const { store } = setUp()
    await fenceOf(store, 'b')
    expect(await store.claim(entry('b', { group: 'mail' }))).toMatchObject({ kind: 'claimed' })
    expect(await store.claim(entry('b', { topic: 'invoices' }))).toMatchObject({ kind: 'claimed' })
    expect(await store.claim(entry('billing\nb', { group: 'x' }))).toMatchObject({ kind: 'claimed' })
  })

  it('forgets what was completed longest ago when it is full, and never what is being handled', async () => {
    const { store } = setUp({ maxEntries: 3 })
    const running = await fenceOf(store, 'running')
    for (const id of ['1', '2', '3', '4']) await store.complete(entry(id), await fenceOf(store, id))
    expect(await store.renew(entry('running'), running)).toBe(true)
    expect(await store.claim(entry('4'))).toEqual({ kind: 'done' })
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'claimed' })
    expect(await store.claim(entry('running'))).toMatchObject({ kind: 'busy' })
  })

  it('forgets leases that ran out before it grows', async () => {
    const { store, clock } = setUp({ maxEntries: 2 })
    const left = await fenceOf(store, 'left')
    await clock.advance(10_000)
    await fenceOf(store, '1')
    await fenceOf(store, '2')
    expect(await store.complete(entry('left'), left)).toBe(false)
  })

  it('does not notice the wall clock', async () => {
    const { store, clock } = setUp()
    await fenceOf(store, '1')
    clock.setWall(clock.now() + 3_600_000)
    expect(await store.claim(entry('1'))).toMatchObject({ kind: 'busy' })
  })

  it('refuses wrong options', () => {
    expect(() => createMemoryStore({ leaseMs: 0 })).toThrow(expect.objectContaining({ field: 'leaseMs' }))
    expect(() => createMemoryStore({ maxEntries: 0 })).toThrow(expect.objectContaining({ field: 'maxEntries' }))
    expect(() => createMemoryStore({ ttl: 1 } as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  })
})

describe('memoryIdempotency', () => {
  it('carries its settings beside a store of its own', async () => {
    const id = (): string => 'x'
    const made = memoryIdempotency({ id, onStoreDown: 'process', leaseMs: 77 })
    expect(made).toMatchObject({ id, onStoreDown: 'process', store: { name: 'memory' } })
    expect(await made.store.claim(entry('1'))).toMatchObject({ kind: 'claimed', leaseMs: 77 })
    expect(await memoryIdempotency().store.claim(entry('1'))).toMatchObject({ kind: 'claimed', leaseMs: 30_000 })
  })

  it('refuses wrong options', () => {
    expect(() => memoryIdempotency({ onStoreDown: 'drop' as never })).toThrow(
      expect.objectContaining({ field: 'onStoreDown' }),
    )
    expect(() => memoryIdempotency({ id: 'x' as never })).toThrow(expect.objectContaining({ field: 'id' }))
    expect(() => memoryIdempotency({ stor: 1 } as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  })
})
