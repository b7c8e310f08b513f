import { describe, expect, it } from 'vitest'
import { PermanentError } from '../../src/errors/handler-errors.js'
import type { RetryPolicy } from '../../src/failure/policy.js'
import type { Delivery } from '../../src/model/delivery.js'
import { batch, createBench, createManual, single } from './bench.js'

const fixed = (attempts: number, delayMs: number): RetryPolicy => ({
  name: 'fixed',
  placement: 'auto',
  decide: ({ attempt }) => (attempt >= attempts ? { kind: 'exhausted' } : { kind: 'retry', delayMs }),
})

/** Does with each attempt of a message what the list says. */
const script =
  (steps: ((delivery: Delivery) => unknown)[], seen: string[] = []) =>
  (_: unknown, delivery: Delivery): unknown => {
    seen.push(`${delivery.message.id}#${delivery.attempt}`)
    return steps.shift()?.(delivery)
  }
const fails = (): never => {
  throw new Error('no')
}

describe('how a delivery ends', () => {
  it('a failure is tried again in place before the next of its key', async () => {
    const seen: string[] = []
    const bench = await createBench(single(script([fails], seen)), { retry: fixed(3, 100) })
    bench.deliver(bench.claim(), ['a@k', 'b@k', 'c@l'])
    await bench.settle()
    expect(seen).toEqual(['a#1', 'c#1'])
    await bench.clock.advance(100)
    expect(seen).toEqual(['a#1', 'c#1', 'a#2', 'b#1'])
    expect(bench.said).toEqual(['done c', 'done a', 'done b'])
    expect(bench.subscription.stats()).toMatchObject({ acked: 3, retried: 1, held: 0 })
  })

  it('the last failure is dead-lettered, confirmed before the original is done', async () => {
    const bench = await createBench(single(script([fails, fails])), { retry: fixed(2, 10) })
    let stored = (): void => undefined
    bench.sendCopy = () =>
      new Promise((resolve) => {
        stored = resolve
      })
    bench.deliver(bench.claim(), ['a@k'])
    await bench.clock.advance(10)
    expect([bench.copies.length, bench.said]).toEqual([1, []])
    stored()
    await bench.settle()
    expect(bench.said).toEqual(['done a'])
  })

  it('a dead letter that is refused is tried again; the key waits and health says so', async () => {
    const seen: string[] = []
    const bench = await createBench(single(script([() => Promise.reject(new PermanentError('never'))], seen)))
    const results = [false, true]
    bench.sendCopy = () => (results.shift() === true ? Promise.resolve() : Promise.reject(new Error('refused')))
    bench.deliver(bench.claim(), ['a@k', 'b@k'])
    await bench.settle()
    expect(bench.subscription.stuck()).toMatchObject([{ id: 'a', reason: 'dead-letter-failed' }])
    expect(seen).toEqual(['a#1'])
    await bench.clock.advance(10_000)
    expect(bench.said).toEqual(['done a', 'done b'])
    expect(bench.subscription.stuck()).toEqual([])
  })

  it('a give-back waits in place with a key, and goes to the broker without one', async () => {
    const giveBack = (delivery: Delivery): Promise<void> => delivery.giveBack({ delayMs: 200 })
    for (const [exclusive, said] of [
      [true, ['done a']],
      [false, ['giveBack a']],
    ] as const) {
      const bench = await createBench(single(script([giveBack])), { order: exclusive ? 'key' : 'none' })
      bench.deliver(bench.claim({ exclusive }), ['a@k'])
      await bench.clock.advance(199)
      expect(bench.said).toEqual([])
      await bench.clock.advance(1)
      expect(bench.said).toEqual(said)
      expect(bench.subscription.stats()).toMatchObject({ givenBack: 1, held: 0, running: 0 })
    }
  })

  it('a held message comes when it is released, once, even when a handler releases again meanwhile', async () => {
    const seen: string[] = []
    const steps: ((delivery: Delivery) => unknown)[] = [fails, fails, () => bench.subscription.release()]
    const bench = await createBench(single(script(steps, seen)), { retry: false, onExhausted: 'hold', concurrency: 5 })
    bench.deliver(bench.claim(), ['a@k', 'b@l', 'c@k'])
    await bench.settle()
    expect(bench.subscription.held().map(({ id }) => id)).toEqual(['a', 'b'])
    bench.subscription.release()
    await bench.settle()
    expect(seen).toEqual(['a#1', 'b#1', 'a#1', 'b#1', 'c#1'])
    expect(bench.said.toSorted()).toEqual(['done a', 'done b', 'done c'])
    expect(bench.subscription.stats()).toMatchObject({ running: 0, waiting: 0, held: 0 })
  })

  it('a released message may go to the dead letters', async () => {
    const bench = await createBench(single(script([fails])), { retry: false, onExhausted: 'hold' })
    bench.deliver(bench.claim(), ['a@k', 'b@k'])
    await bench.settle()
    bench.subscription.release({ id: 'a', as: 'dead-letter' })
    await bench.settle()
    expect(bench.copies.length).toBe(1)
    expect(bench.said).toEqual(['done a', 'done b'])
  })
})

describe('a batch', () => {
  it('that was overdue says nothing of the next run of the members that it took back', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), {
      ...{ maxSize: 2, maxWaitMs: 0, handlerTimeoutMs: 50, retry: fixed(9, 10) },
    })
    bench.deliver(bench.claim(), ['a@k', 'b@k'])
    await bench.clock.advance(60)
    // The first is late and is tried again; the second was behind it.
    handler.end('a')
    await bench.clock.advance(20)
    handler.end('b')
    handler.end('a')
    await bench.clock.advance(20)
    for (const id of ['a', 'b']) handler.end(id)
    await bench.clock.advance(20)
    expect(handler.calls.join(' ')).not.toContain('b#2')
    expect(bench.said.toSorted()).toEqual(['done a', 'done b'])
    expect(bench.subscription.stuck()).toEqual([])
  })

  it('that fails comes again one by one, in order, and counts nothing of the innocent', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), { maxSize: 3, maxWaitMs: 10, retry: fixed(5, 10) })
    bench.deliver(bench.claim(), ['a@k', 'b@k', 'c@k'])
    await bench.settle()
    handler.fail('a')
    for (const id of ['a', 'b', 'c']) {
      await bench.settle()
      handler.end(id)
    }
    await bench.settle()
    expect(handler.calls).toEqual(['a+b+c', 'a', 'b', 'c'])
    expect(bench.said).toEqual(['done a', 'done b', 'done c'])
  })

  it('that fails with a probe of the breaker in it lets another probe start', async () => {
    const handler = createManual()
    const bench = await createBench(batch(handler.batch), {
      ...{ maxSize: 2, maxWaitMs: 2_000, concurrency: 2, retry: fixed(9, 5_000) },
      breaker: { failures: 1, probeMs: 1_000 },
    })
    const claim = bench.claim()
    bench.deliver(claim, ['a@k', 'b@l'])
    await bench.settle()
    handler.fail('a')
    await bench.settle()
    // Each comes alone; the first failure opens the breaker, and what runs beside it counts no attempt.
    expect(handler.calls).toEqual(['a+b', 'a', 'b'])
    bench.deliver(claim, ['c@m'])
    handler.fail('a')
    await bench.settle()
    handler.fail('b')
    await bench.settle()
    expect(bench.subscription.state).toBe('breaker-open')
    for (let round = 0; round < 20 && bench.said.length < 3; round += 1) {
      await bench.clock.advance(1_000)
      for (const id of ['a', 'b', 'c']) handler.end(id)
    }
    expect(bench.said.toSorted()).toEqual(['done a', 'done b', 'done c'])
    expect(bench.subscription.state).toBe('running')
  })

  it('a middleware that throws after the handler takes its own member out only', async () => {
    const seen: string[] = []
    const bench = await createBench(
      batch((members) => void seen.push(members.map(({ message }) => message.id).join('+'))),
      {
        ...{ maxSize: 2, maxWaitMs: 0, retry: fixed(3, 10) },
        middleware: [
          {
            name: 'picky',
            consume: async (message, delivery, next) => {
              await next()
              if (message.id === 'a' && delivery.attempt === 1) throw new Error('not stored')
            },
          },
        ],
      },
    )
    bench.deliver(bench.claim(), ['a@k', 'b@l'])
    await bench.clock.advance(50)
    expect(seen).toEqual(['a+b', 'a'])
    expect(bench.said).toEqual(['done b', 'done a'])
  })
})
