import { describe, expect, it } from 'vitest'
import { batch, createBench, createManual, single } from './bench.js'

describe('a hand-over', () => {
  it('waits for what runs, settles it, and lets go of what waits', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    const claim = bench.claim()
    bench.deliver(claim, ['a@k', 'b@k'])
    let resolved = false
    void bench.sink.revoking([claim], 1_000).then(() => (resolved = true))
    await bench.clock.advance(500)
    expect(resolved).toBe(false)
    handler.end('a')
    await bench.settle()
    expect(resolved).toBe(true)
    expect(bench.said).toEqual(['done a'])
    expect(handler.calls).toEqual(['a'])
    await bench.subscription.close()
    expect(bench.clock.pending).toBe(0)
  })

  it('ends at its deadline: the signal fires and a late end reaches nobody', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'])
    const { signal } = handler.deliveries.get('a') as { readonly signal: AbortSignal }
    let resolved = false
    void bench.sink.revoking([claim], 1_000).then(() => (resolved = true))
    await bench.clock.advance(1_000)
    expect([resolved, signal.aborted, signal.reason.code]).toEqual([true, true, 'DEADLINE'])
    // The same message comes back and waits for the old handler.
    const again = bench.claim()
    bench.deliver(again, ['a@k'])
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
    handler.end('a')
    await bench.settle()
    expect(handler.calls).toEqual(['a', 'a'])
    expect(bench.said).toEqual([])
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['done a'])
  })

  it('that turns into a loss says so once', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    const states: string[] = []
    bench.emitter.on('claim', ({ state }) => states.push(state))
    const claim = bench.claim()
    bench.deliver(claim, ['a'])
    let resolved = false
    void bench.sink.revoking([claim], 1_000).then(() => (resolved = true))
    bench.lose(claim)
    await bench.settle()
    expect(resolved).toBe(true)
    expect(states).toEqual(['claimed', 'lost'])
  })
})

describe('a loss of several claims', () => {
  it('starts nothing of one of them because another made room', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 3, maxWaitMs: 50, concurrency: 1 })
    const [first, second] = [bench.claim({ partition: 0 }), bench.claim({ partition: 1 })]
    bench.deliver(first, ['a@k', 'b@l'])
    bench.deliver(second, ['c@m'])
    await bench.settle()
    expect(handler.calls).toEqual(['a+b+c'])
    handler.end('a')
    await bench.settle()
    bench.deliver(first, ['d@k', 'e@l'])
    bench.lose(first, second)
    await bench.clock.advance(100)
    expect(handler.calls).toEqual(['a+b+c'])
    expect(bench.subscription.stats()).toMatchObject({ running: 0, waiting: 0, held: 0, lost: 0 })
  })
})

describe('the limit on open deliveries', () => {
  it('rewinds a claim that is idle, also while the subscription is paused', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    bench.subscription.pause()
    const claim = bench.claim({ holdMs: 1_000 })
    bench.deliver(claim, ['a@k'])
    await bench.clock.advance(749)
    expect(bench.said).toEqual(['pause'])
    await bench.clock.advance(1)
    expect(bench.said).toEqual(['pause', 'rewind'])
    expect(bench.subscription.stats()).toMatchObject({ waiting: 0, partitions: [] })
  })

  it('is met also where moments are fractions that no number holds exactly', async () => {
    const bench = await createBench(single(createManual().single))
    bench.subscription.pause()
    for (let turn = 1; turn <= 300; turn += 1) {
      const claim = bench.claim({ holdMs: 1_000 / 7 })
      await bench.clock.advance(turn / 77)
      bench.deliver(claim, [`m${turn}@k`])
      await bench.clock.advance(110)
    }
    expect(bench.said.filter((text) => text === 'rewind').length).toBe(300)
  })

  it('gives nothing back that comes while it waits for a handler: it would come again at once', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single), { order: 'none' })
    const claim = bench.claim({ holdMs: 1_000, exclusive: false })
    bench.deliver(claim, ['a'])
    await bench.clock.advance(800)
    bench.deliver(claim, ['b'])
    await bench.settle()
    expect(bench.said).toEqual([])
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['done a', 'rewind'])
    expect(handler.calls).toEqual(['a'])
  })
})

describe('close', () => {
  it('gives waiting messages of a shared claim back at once and waits for the running one', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single), { order: 'none', concurrency: 1 })
    const claim = bench.claim({ exclusive: false })
    bench.deliver(claim, ['a', 'b'])
    const closing = bench.subscription.close({ deadlineMs: 1_000 })
    await bench.settle()
    expect(bench.said).toEqual(['giveBack b'])
    handler.end('a')
    await bench.settle()
    expect(await closing).toEqual({ clean: true, leftRunning: 0, leftWaiting: 1, leftPublishes: 0 })
    expect(bench.said).toEqual(['giveBack b', 'done a', 'close'])
    expect(bench.clock.pending).toBe(0)
  })

  it('resolves at its deadline though a handler goes on, which ends without an effect', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    bench.deliver(bench.claim(), ['a@k', 'b@k'])
    const closing = bench.subscription.close({ deadlineMs: 300 })
    await bench.clock.advance(300)
    expect(await closing).toEqual({ clean: false, leftRunning: 1, leftWaiting: 1, leftPublishes: 0 })
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['close'])
    expect(bench.subscription.stats()).toMatchObject({ running: 0, acked: 0, lost: 1 })
    expect(bench.clock.pending).toBe(0)
  })

  it('takes the members of a batch that fills up back', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { order: 'none', maxSize: 5, maxWaitMs: 100 })
    bench.deliver(bench.claim({ exclusive: false }), ['a', 'b'])
    const closing = bench.subscription.close()
    await bench.clock.advance(200)
    expect(await closing).toMatchObject({ clean: true, leftWaiting: 2 })
    expect(handler.calls).toEqual([])
    expect(bench.said).toEqual(['giveBack a', 'giveBack b', 'close'])
  })
})
