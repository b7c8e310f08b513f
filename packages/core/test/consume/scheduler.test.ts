import { describe, expect, it } from 'vitest'
import type { Limiter } from '../../src/model/limiter.js'
import { batch, createBench, createManual, single } from './bench.js'

const limiter = (take: (key: unknown) => number, perKey = false): Limiter & { wake: () => void } => {
  const made = {
    name: 'test',
    wake: (): void => undefined,
    attach: (context: { readonly wake: () => void }) => {
      made.wake = context.wake
      return { perKey, take, close: () => undefined }
    },
  }
  return made
}
const text = (key: unknown): string => new TextDecoder().decode(key as Uint8Array)

describe('what starts next', () => {
  it('takes turns over partitions and over keys, within the slots', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single), { concurrency: 2 })
    const [one, two] = [bench.claim({ partition: 0 }), bench.claim({ partition: 1 })]
    bench.deliver(one, ['a1@a', 'a2@a', 'b1@b', 'c1@c'])
    bench.deliver(two, ['z1@z', 'y1@y'])
    for (let turn = 0; turn < 6; turn += 1) {
      await bench.settle()
      expect(bench.subscription.stats().running).toBe(Math.min(2, 6 - turn))
      handler.end(handler.calls[turn] as string)
    }
    await bench.settle()
    expect(handler.calls).toEqual(['a1', 'b1', 'c1', 'z1', 'a2', 'y1'])
    expect(bench.subscription.stats()).toMatchObject({ running: 0, waiting: 0, acked: 6 })
  })

  it('leaves a key that rests aside, and asks no other', async () => {
    let open = false
    const handler = createManual()
    const bench = await createBench(single(handler.single), {
      ...{ concurrency: 3, rateLimit: limiter((key) => (text(key) === 'a' && !open ? 100 : 0), true) },
    })
    bench.deliver(bench.claim(), ['a1@a', 'b1@b', 'a2@a'])
    await bench.settle()
    expect(handler.calls).toEqual(['b1'])
    open = true
    await bench.clock.advance(100)
    expect(handler.calls).toEqual(['b1', 'a1'])
  })

  it('waits for a limiter to wake it, and keeps the order', async () => {
    let tokens = 0
    const handler = createManual()
    const rateLimit = limiter(() => (tokens-- > 0 ? 0 : Infinity))
    const bench = await createBench(single(handler.single), { rateLimit })
    bench.deliver(bench.claim(), ['a@a', 'b@b'])
    await bench.clock.advance(1_000)
    expect(handler.calls).toEqual([])
    tokens = 1
    rateLimit.wake()
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
  })

  it('starts nothing while paused, and goes on where it was', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    bench.subscription.pause()
    bench.deliver(bench.claim(), ['a@a'])
    await bench.clock.advance(10_000)
    expect(handler.calls).toEqual([])
    bench.subscription.resume()
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
  })
})

describe('a claim that may have been given to somebody else', () => {
  it('starts nothing more, and others go on', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single), { concurrency: 1 })
    const stale = bench.claim({ partition: 0, aliveUntilMs: bench.clock.monotonic() + 100 })
    const other = bench.claim({ partition: 1 })
    bench.deliver(stale, ['a1@a', 'b1@b'])
    await bench.settle()
    bench.deliver(other, ['z1@z'])
    await bench.clock.advance(101)
    handler.end('a1')
    await bench.settle()
    expect(handler.calls).toEqual(['a1', 'z1'])
    bench.lose(stale)
    handler.end('z1')
    await bench.settle()
    // The key is free again for whoever has the claim now.
    bench.deliver(bench.claim({ partition: 0 }), ['b1@b'])
    await bench.settle()
    expect(handler.calls).toEqual(['a1', 'z1', 'b1'])
  })

  it('puts no member into a batch', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 5, maxWaitMs: 50 })
    const stale = bench.claim({ partition: 0, aliveUntilMs: bench.clock.monotonic() + 40 })
    bench.deliver(stale, ['a@a', 'b@b'])
    bench.deliver(bench.claim({ partition: 1 }), ['c@c'])
    await bench.clock.advance(50)
    expect(handler.calls).toEqual(['c'])
    bench.lose(stale)
    bench.deliver(bench.claim({ partition: 0 }), ['a@a'])
    await bench.clock.advance(50)
    handler.end('c')
    await bench.clock.advance(50)
    expect(handler.calls).toEqual(['c', 'a'])
  })
})

describe('a batch', () => {
  it('begins when it is full, or has waited long enough', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 3, maxWaitMs: 50, concurrency: 2 })
    const claim = bench.claim()
    bench.deliver(claim, ['a@a', 'b@b', 'c@c', 'd@d'])
    await bench.clock.advance(49)
    expect(handler.calls).toEqual(['a+b+c'])
    await bench.clock.advance(1)
    expect(handler.calls).toEqual(['a+b+c', 'd'])
  })

  it('has a consecutive run of a key, and the key in no second one', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 2, maxWaitMs: 0, concurrency: 3 })
    bench.deliver(bench.claim(), ['a1@a', 'a2@a', 'a3@a', 'b1@b'])
    await bench.clock.advance(10)
    expect(handler.calls).toEqual(['a1+a2', 'b1'])
    handler.end('a1')
    await bench.clock.advance(10)
    expect(handler.calls).toEqual(['a1+a2', 'b1', 'a3'])
  })

  it('forgets members that were lost while it filled up', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 5, maxWaitMs: 50 })
    const [one, two] = [bench.claim({ partition: 0 }), bench.claim({ partition: 1 })]
    bench.deliver(one, ['a@a', 'b@b'])
    bench.deliver(two, ['c@c'])
    bench.lose(one)
    await bench.clock.advance(50)
    expect(handler.calls).toEqual(['c'])
  })

  it('lets a suspect wait until nothing else runs, and run alone', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 5, maxWaitMs: 50, concurrency: 3 })
    const claim = bench.claim()
    bench.deliver(claim, ['a@a'])
    bench.deliver(claim, ['s@s'], { handovers: 3 })
    bench.deliver(claim, ['b@b'])
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
    handler.end('a')
    await bench.settle()
    expect(handler.calls).toEqual(['a', 's'])
    handler.end('s')
    await bench.clock.advance(50)
    expect(handler.calls).toEqual(['a', 's', 'b'])
  })
})
