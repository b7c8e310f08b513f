import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/model/clock.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { createTimerHeap } from '../../src/kit/timer-heap.js'

describe('createTimerHeap', () => {
  it('runs each at its moment, equal ones in order, on one timer of the clock', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const ran: string[] = []
    for (const [name, ms] of Object.entries({ c: 30, a: 10, b1: 20, b2: 20 })) {
      heap.after(ms, () => ran.push(`${name}@${clock.monotonic()}`))
    }
    expect([heap.pending, clock.pending]).toEqual([4, 1])
    await clock.advance(9.5)
    expect(ran).toEqual([])
    await clock.advance(100)
    expect(ran).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30'])
    expect([heap.pending, clock.pending]).toEqual([0, 0])
  })

  it('arms nothing once the last wait is cancelled', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const cancels = [5, 10, 15].map((ms) => heap.after(ms, () => expect.unreachable('it was cancelled')))
    for (const cancel of cancels) cancel()
    for (const cancel of cancels) cancel()
    expect([heap.pending, clock.pending]).toEqual([0, 0])
    await clock.advance(50)
  })

  it('keeps the others when the first is cancelled', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const ran: number[] = []
    const cancel = heap.after(5, () => ran.push(5))
    heap.after(10, () => ran.push(clock.monotonic()))
    cancel()
    await clock.advance(9)
    expect(ran).toEqual([])
    await clock.advance(1)
    expect(ran).toEqual([10])
  })

  it('cancels everything on clear and can be used again', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const cancel = heap.after(5, () => expect.unreachable('it was cleared'))
    heap.clear()
    expect([heap.pending, clock.pending]).toEqual([0, 0])
    let ran = 0
    heap.after(20, () => (ran += 1))
    cancel()
    await clock.advance(20)
    expect(ran).toBe(1)
  })

  it('lets callbacks start, cancel and clear waits', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const ran: string[] = []
    heap.after(10, () => {
      ran.push('first')
      cancelSecond()
      heap.after(0, () => ran.push(`again@${clock.monotonic()}`))
      heap.after(5, () => {
        ran.push('clearing')
        heap.clear()
      })
    })
    const cancelSecond = heap.after(10, () => ran.push('second'))
    heap.after(15, () => ran.push('third'))
    heap.after(16, () => ran.push('fourth'))
    await clock.advance(100)
    expect(ran).toEqual(['first', 'again@10', 'third', 'clearing'])
    expect([heap.pending, clock.pending]).toEqual([0, 0])
  })

  it('does not starve the process when a wait of 0 renews itself', () => {
    const { clock, fire } = manualClock()
    const heap = createTimerHeap(clock)
    let runs = 0
    const again = (): void => {
      runs += 1
      heap.after(0, again)
    }
    heap.after(0, again)
    fire()
    expect(runs).toBe(1)
    fire()
    expect(runs).toBe(2)
  })

  it('arms the clock once for all that its callbacks start', () => {
    const { clock, fire, delays } = manualClock()
    const heap = createTimerHeap(clock)
    for (let i = 0; i < 10; i += 1) heap.after(0, () => heap.after(10, () => {}))
    expect(delays).toEqual([0])
    fire()
    expect([delays, heap.pending]).toEqual([[0, 10], 10])
  })

  it('keeps the rest when a callback throws', () => {
    const { clock, fire, armed } = manualClock()
    const heap = createTimerHeap(clock)
    const ran: string[] = []
    heap.after(0, () => {
      throw new Error('defect')
    })
    heap.after(0, () => ran.push('b'))
    expect(fire).toThrow('defect')
    expect([ran, armed()]).toEqual([[], 1])
    fire()
    expect([ran, armed()]).toEqual([['b'], 0])
  })

  it('waits on when the clock wakes it early', () => {
    const { clock, fire, setTime } = manualClock()
    const heap = createTimerHeap(clock)
    let ran = 0
    heap.after(10, () => (ran += 1))
    setTime(9.999)
    fire()
    expect(ran).toBe(0)
    setTime(10)
    fire()
    expect(ran).toBe(1)
  })

  it('counts a delay that is negative or no number as 0', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    let ran = 0
    heap.after(-5, () => (ran += 1))
    heap.after(NaN, () => (ran += 1))
    expect(ran).toBe(0)
    await clock.advance(0)
    expect(ran).toBe(2)
  })

  it('never lets an endless wait end', async () => {
    const clock = createSimulatedClock()
    const heap = createTimerHeap(clock)
    const ran: string[] = []
    const cancel = heap.after(Infinity, () => ran.push('endless'))
    heap.after(10, () => ran.push('short'))
    await clock.advance(1e12)
    expect(ran).toEqual(['short'])
    cancel()
    expect(clock.pending).toBe(0)
  })

  it('runs exactly what was not cancelled, in order and never early', async () => {
    const wait = fc.record({ ms: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(wait, { maxLength: 40 }), async (waits) => {
        const clock = createSimulatedClock({ start: 0.1 })
        const heap = createTimerHeap(clock)
        const ran: number[] = []
        const cancels = waits.map(({ ms }, i) =>
          heap.after(ms, () => {
            expect(clock.monotonic()).toBe(0.1 + ms)
            ran.push(i)
          }),
        )
        for (const [i, { cancelled }] of waits.entries()) if (cancelled) cancels[i]?.()
        await clock.advance(51)
        const expected = waits
          .map(({ ms, cancelled }, i) => ({ ms, cancelled, i }))
          .filter(({ cancelled }) => !cancelled)
          .toSorted((a, b) => a.ms - b.ms || a.i - b.i)
        expect(ran).toEqual(expected.map(({ i }) => i))
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})

/** A clock whose timers fire when the test says so, also early. */
function manualClock(): {
  clock: Clock
  fire: () => void
  armed: () => number
  delays: readonly number[]
  setTime: (ms: number) => void
} {
  const armed = new Set<() => void>()
  let time = 0
  const delays: number[] = []
  return {
    clock: {
      now: () => time,
      monotonic: () => time,
      after: (ms, run) => {
        const entry = (): void => run()
        delays.push(ms)
        armed.add(entry)
        return () => void armed.delete(entry)
      },
    },
    fire: () => {
      // What these arm in turn is for the next time.
      const due = [...armed]
      for (const run of due) {
        armed.delete(run)
        run()
      }
    },
    armed: () => armed.size,
    delays,
    setTime: (ms) => {
      time = ms
    },
  }
}
