import { describe, expect, it } from 'vitest'
import type { IdempotencyClaim, IdempotencyStore } from '../../src/model/store.js'
import { batch, createBench, createManual, createPulling, single } from './bench.js'

/** A store that answers when the test says so. */
function createAnswers() {
  const asked: string[] = []
  const claims: { resolve: (claim: IdempotencyClaim) => void; reject: (error: Error) => void }[] = []
  let completing: () => Promise<boolean> = () => Promise.resolve(true)
  const store: IdempotencyStore = {
    name: 'answers',
    claim: ({ id }) => {
      asked.push(`claim ${id}`)
      return new Promise((resolve, reject) => claims.push({ resolve, reject }))
    },
    renew: ({ id }) => {
      asked.push(`renew ${id}`)
      return Promise.resolve(true)
    },
    complete: ({ id }) => {
      asked.push(`complete ${id}`)
      return completing()
    },
    release: ({ id }) => {
      asked.push(`release ${id}`)
      return Promise.resolve(true)
    },
  }
  return {
    ...{ store, asked },
    claimed: (leaseMs = Infinity) => claims.shift()?.resolve({ kind: 'claimed', fence: 'f', leaseMs }),
    done: () => claims.shift()?.resolve({ kind: 'done' }),
    busy: (retryMs: number) => claims.shift()?.resolve({ kind: 'busy', retryMs }),
    down: () => claims.shift()?.reject(new Error('away')),
    complete: (answer: () => Promise<boolean>) => {
      completing = answer
    },
  }
}

describe('the idempotency store', () => {
  it('claims before the handler, marks after it and before the ack; what is done is skipped', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    bench.deliver(bench.claim(), ['a@k', 'b@k'])
    await bench.settle()
    expect(handler.calls).toEqual([])
    answers.claimed()
    await bench.settle()
    handler.end('a')
    await bench.settle()
    answers.done()
    await bench.settle()
    expect(answers.asked).toEqual(['claim a', 'complete a', 'claim b'])
    expect(bench.said).toEqual(['done a', 'done b'])
    expect(bench.subscription.stats()).toMatchObject({ acked: 1, skipped: 1 })
  })

  it('a busy id waits without a slot and counts nothing', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store }, concurrency: 1 })
    bench.deliver(bench.claim(), ['a@k', 'b@l'])
    answers.busy(500)
    await bench.settle()
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['b'])
    handler.end('b')
    await bench.clock.advance(500)
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['b', 'a'])
  })

  it('a second copy in a batch waits for the first one, which goes on', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const options = { idempotency: { store: answers.store }, maxSize: 3, maxWaitMs: 0 }
    const bench = await createBench(batch(handler.batch), options)
    bench.deliver(bench.claim(), ['a@k', 'a@k', 'b@k'])
    await bench.settle()
    answers.claimed()
    answers.busy(500)
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
    handler.end('a')
    await bench.clock.advance(500)
    answers.done()
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['a', 'b'])
  })

  it('that is away stops everything, or nothing', async () => {
    for (const onStoreDown of ['pause', 'process'] as const) {
      const handler = createManual()
      const answers = createAnswers()
      const bench = await createBench(single(handler.single), { idempotency: { store: answers.store, onStoreDown } })
      bench.deliver(bench.claim(), ['a@k'])
      answers.down()
      await bench.settle()
      expect(bench.subscription.state).toBe('store-down')
      expect(handler.calls).toEqual(onStoreDown === 'pause' ? [] : ['a'])
      await bench.clock.advance(5_000)
      answers.claimed()
      await bench.settle()
      expect(handler.calls).toEqual(['a'])
      handler.end('a')
      await bench.settle()
      expect(bench.said).toEqual(['done a'])
    }
  })

  it('is asked to mark again until it does; a stale mark runs the message again', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const results = [() => Promise.reject(new Error('away')), () => Promise.resolve(false)]
    answers.complete(() => results.shift()?.() ?? Promise.resolve(true))
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    bench.deliver(bench.claim(), ['a@k'])
    answers.claimed()
    await bench.settle()
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual([])
    await bench.clock.advance(1_000)
    expect(answers.asked).toEqual(['claim a', 'complete a', 'complete a', 'claim a'])
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['a', 'a'])
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['done a'])
  })

  it('that answers after the claim was lost starts nothing and gets its id back', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'])
    bench.lose(claim)
    answers.claimed(3_000)
    await bench.settle()
    expect(handler.calls).toEqual([])
    expect(answers.asked).toEqual(['claim a', 'release a'])
    expect(bench.clock.pending).toBe(0)
  })

  it('that answers after close leaves no timer behind, whatever it says', async () => {
    for (const answer of ['claimed', 'busy', 'down', 'done'] as const) {
      const answers = createAnswers()
      const bench = await createBench(single(createManual().single), { idempotency: { store: answers.store } })
      bench.deliver(bench.claim(), ['a@k'])
      const closing = bench.subscription.close({ deadlineMs: 100 })
      await bench.clock.advance(100)
      await closing
      if (answer === 'claimed') answers.claimed(3_000)
      else if (answer === 'busy') answers.busy(100)
      else answers[answer]()
      await bench.settle()
      expect(bench.clock.pending).toBe(0)
      expect(bench.subscription.stats()).toMatchObject({ running: 0 })
    }
  })

  it('learns of a handler that ends after close, while its lease lasts', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    bench.deliver(bench.claim(), ['a@k'])
    answers.claimed(30_000)
    await bench.settle()
    const closing = bench.subscription.close({ deadlineMs: 100 })
    await bench.clock.advance(100)
    await closing
    handler.end('a')
    await bench.settle()
    expect(answers.asked).toEqual(['claim a', 'complete a'])
    expect(bench.clock.pending).toBe(0)
  })

  it('is not told that a lost message is done by a handler that only heeded its signal', async () => {
    for (const acks of [false, true]) {
      const answers = createAnswers()
      const bench = await createBench(
        single(
          (_, delivery) =>
            new Promise<void>((resolve) => {
              delivery.signal.addEventListener('abort', () => {
                if (acks) void delivery.ack()
                resolve()
              })
            }),
        ),
        { idempotency: { store: answers.store } },
      )
      const claim = bench.claim()
      bench.deliver(claim, ['a@k'])
      answers.claimed()
      await bench.settle()
      bench.lose(claim)
      await bench.settle()
      expect(answers.asked).toEqual(['claim a', acks ? 'complete a' : 'release a'])
    }
  })

  it('is not told that a lost message of a stream is done; to settle it has no effect and throws nothing', async () => {
    const answers = createAnswers()
    const pulling = createPulling()
    const bench = await createBench(pulling.form, { idempotency: { store: answers.store } })
    pulling.begun(bench)
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'])
    answers.claimed()
    const next = await pulling.stream()[Symbol.asyncIterator]().next()
    bench.lose(claim)
    await bench.settle()
    expect(answers.asked).toEqual(['claim a', 'release a'])
    await next.value?.ack()
    expect(bench.said).toEqual([])
  })

  it('a member of a batch whose claim went while another was asked for does not start', async () => {
    const handler = createManual()
    const answers = createAnswers()
    const bench = await createBench(batch(handler.batch), {
      ...{ maxSize: 2, maxWaitMs: 0, idempotency: { store: answers.store } },
    })
    const [first, second] = [bench.claim({ partition: 0 }), bench.claim({ partition: 1 })]
    bench.deliver(first, ['a@k'])
    bench.deliver(second, ['b@l'])
    await bench.settle()
    answers.claimed()
    await bench.settle()
    bench.lose(first)
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['b'])
    handler.end('b')
    await bench.settle()
    expect(answers.asked).toEqual(['claim a', 'claim b', 'release a', 'complete b'])
    expect(bench.said).toEqual(['done b'])
    expect(bench.subscription.stats()).toMatchObject({ running: 0, waiting: 0 })
  })
})

describe('the record of a suspect', () => {
  const suspect = { handovers: 3, starts: 0 }

  it('stands before the handler, and is taken back when the process has survived it', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    bench.deliver(bench.claim(), ['a@k'], suspect)
    bench.deliver(bench.claim({ partition: 1 }), ['b@l'])
    await bench.settle()
    expect([bench.said, handler.calls]).toEqual([['start a 1'], ['a']])
    handler.end('a')
    await bench.settle()
    expect(handler.calls).toEqual(['a', 'b'])
    expect(bench.said).toEqual(['start a 1', 'start a 0', 'done a'])
  })

  it('is not made for a message that the idempotency store keeps from starting', async () => {
    const answers = createAnswers()
    const handler = createManual()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    bench.deliver(bench.claim(), ['a@k'], suspect)
    answers.busy(100)
    await bench.clock.advance(100)
    expect(bench.said).toEqual([])
    answers.claimed()
    await bench.settle()
    expect(bench.said).toEqual(['start a 1'])
    expect(handler.calls).toEqual(['a'])
  })

  it('is taken back when the claim is handed over meanwhile', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    let recorded = (): void => undefined
    bench.recordStart = () =>
      new Promise((resolve) => {
        recorded = resolve
      })
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'], { handovers: 4, starts: 1 })
    void bench.sink.revoking([claim], 1_000)
    await bench.settle()
    recorded()
    await bench.settle()
    expect(bench.said).toEqual(['start a 2', 'start a 1'])
    expect(handler.calls).toEqual([])
  })

  it('is taken back when the handler outlasts the hand-over: it has not ended the process', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'], { handovers: 4, starts: 1 })
    await bench.settle()
    void bench.sink.revoking([claim], 100)
    await bench.clock.advance(100)
    expect([handler.calls, bench.said]).toEqual([['a'], ['start a 2', 'start a 1']])
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['start a 2', 'start a 1'])
  })

  it('is taken back when the claim is lost under the handler, so that losses alone never convict', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'], { handovers: 4, starts: 1 })
    await bench.settle()
    bench.lose(claim)
    await bench.settle()
    expect([handler.calls, bench.said]).toEqual([['a'], ['start a 2', 'start a 1']])
    handler.end('a')
    await bench.settle()
    expect(bench.said).toEqual(['start a 2', 'start a 1'])
  })

  it('is taken back when the claim is lost before the handler', async () => {
    const handler = createManual()
    const bench = await createBench(single(handler.single))
    let recorded = (): void => undefined
    bench.recordStart = () =>
      new Promise((resolve) => {
        recorded = resolve
      })
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'], suspect)
    await bench.settle()
    bench.lose(claim)
    recorded()
    await bench.settle()
    expect(bench.said.at(-1)).toBe('start a 0')
    expect(handler.calls).toEqual([])
  })

  it('that cannot be made is tried again later, and the id is free meanwhile', async () => {
    const answers = createAnswers()
    const handler = createManual()
    const bench = await createBench(single(handler.single), { idempotency: { store: answers.store } })
    const results = [() => Promise.reject(new Error('away'))]
    bench.recordStart = () => results.shift()?.() ?? Promise.resolve()
    bench.deliver(bench.claim(), ['a@k'], suspect)
    answers.claimed()
    await bench.settle()
    expect(answers.asked).toEqual(['claim a', 'release a'])
    await bench.clock.advance(1_000)
    answers.claimed()
    await bench.settle()
    expect(handler.calls).toEqual(['a'])
  })
})

describe('a stream', () => {
  it('hands over what was overdue before its turn came: nobody else could settle it', async () => {
    const pulling = createPulling()
    const bench = await createBench(pulling.form, { handlerTimeoutMs: 100 })
    pulling.begun(bench)
    bench.deliver(bench.claim(), ['a@k'])
    await bench.clock.advance(100)
    const { value } = await pulling.stream()[Symbol.asyncIterator]().next()
    expect([value?.message.id, value?.signal.aborted]).toEqual(['a', true])
    await value?.deadLetter('too late')
    await bench.settle()
    expect(bench.said).toEqual(['done a'])
  })

  it('does not hand over what was lost before its turn came', async () => {
    const pulling = createPulling()
    const bench = await createBench(pulling.form)
    pulling.begun(bench)
    const claim = bench.claim()
    bench.deliver(claim, ['a@k'])
    bench.lose(claim)
    bench.deliver(bench.claim(), ['b@k'])
    await bench.settle()
    const { value } = await pulling.stream()[Symbol.asyncIterator]().next()
    expect(value?.message.id).toBe('b')
  })

  it('serves several loops, and ends all of them', async () => {
    const pulling = createPulling()
    const bench = await createBench(pulling.form)
    pulling.begun(bench)
    const [one, two] = [pulling.stream()[Symbol.asyncIterator](), pulling.stream()[Symbol.asyncIterator]()]
    const [first, second] = [one.next(), two.next()]
    await bench.settle()
    bench.deliver(bench.claim(), ['a@k', 'b@l'])
    expect([(await first).value?.message.id, (await second).value?.message.id]).toEqual(['a', 'b'])
    const rest = Promise.all([one.next(), two.next()])
    await bench.settle()
    await pulling.stream().close()
    expect((await rest).map(({ done }) => done)).toEqual([true, true])
  })
})
