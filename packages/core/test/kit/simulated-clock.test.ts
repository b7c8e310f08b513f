import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('createSimulatedClock', () => {
  it('stands still until it is moved', async () => {
    const clock = createSimulatedClock({ start: 5, wall: 1_000 })
    await turn()
    expect([clock.monotonic(), clock.now()]).toEqual([5, 1_000])
    await clock.advance(20.5)
    expect([clock.monotonic(), clock.now()]).toEqual([25.5, 1_020.5])
  })

  it('runs what falls due at its moment, by moment and then by insertion', async () => {
    const clock = createSimulatedClock()
    const ran: string[] = []
    for (const [name, ms] of Object.entries({ c: 30, a: 10, b1: 20, b2: 20, late: 31 })) {
      clock.after(ms, () => ran.push(`${name}@${clock.monotonic()}`))
    }
    expect(clock.pending).toBe(5)
    await clock.advance(30)
    expect(ran).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30'])
    expect([clock.pending, clock.monotonic()]).toEqual([1, 30])
  })

  it('runs those of one moment by rank where it is given, and the same again', async () => {
    const order = async (ranks: readonly number[]): Promise<string> => {
      const left = [...ranks]
      const clock = createSimulatedClock({ rank: () => left.shift() ?? 0 })
      let ran = ''
      for (const name of 'abc') clock.after(10, () => (ran += name))
      clock.after(5, () => (ran += 'first '))
      await clock.advance(10)
      return ran
    }
    expect(await order([])).toBe('first abc')
    expect(await order([2, 0, 1, 9])).toBe('first bca')
    expect(await order([1, 1, 0, 9])).toBe('first cab')
  })

  it('settles promises, however long their chain, also without turns of the event loop', async () => {
    const clock = createSimulatedClock({ settle: 'promises' })
    const ran: string[] = []
    clock.after(10, () => {
      void (async () => {
        for (let i = 0; i < 1_000; i += 1) await Promise.resolve()
        queueMicrotask(() => ran.push(`continued@${clock.monotonic()}`))
      })()
    })
    clock.after(11, () => ran.push('next'))
    await clock.advance(11)
    expect(ran).toEqual(['continued@10', 'next'])
  })

  it('lets the event loop have its turn now and then when it settles promises', async () => {
    const clock = createSimulatedClock({ settle: 'promises' })
    let turned = false
    setImmediate(() => (turned = true))
    for (let i = 0; i < 2_000; i += 1) clock.after(i, () => undefined)
    const moving = clock.advance(2_000)
    await moving
    expect(turned).toBe(true)
  })

  it('never runs a timer inside after, not even one of 0 ms', async () => {
    const clock = createSimulatedClock()
    let ran = 0
    clock.after(0, () => (ran += 1))
    clock.after(-1, () => (ran += 1))
    await turn()
    expect(ran).toBe(0)
    await clock.advance(0)
    expect(ran).toBe(2)
  })

  it('runs timers that timers start, as far as they fall due', async () => {
    const clock = createSimulatedClock()
    const ran: number[] = []
    const again = (): void => {
      ran.push(clock.monotonic())
      clock.after(10, again)
    }
    clock.after(10, again)
    await clock.advance(35)
    expect(ran).toEqual([10, 20, 30])
    expect(clock.pending).toBe(1)
  })

  it('lets promises and immediates settle before the next timer', async () => {
    const clock = createSimulatedClock()
    const ran: string[] = []
    clock.after(10, () => {
      void (async () => {
        for (let i = 0; i < 20; i += 1) await Promise.resolve()
        await turn()
        await turn()
        await turn()
        ran.push(`continued@${clock.monotonic()}`)
        clock.after(5, () => ran.push(`started@${clock.monotonic()}`))
      })()
    })
    clock.after(20, () => ran.push('next@20'))
    await clock.advance(20)
    expect(ran).toEqual(['continued@10', 'started@15', 'next@20'])
  })

  it('lets what was begun before the move ask for timers', async () => {
    const clock = createSimulatedClock()
    let at: number | undefined
    void turn().then(() => clock.after(5, () => (at = clock.monotonic())))
    await clock.advance(10)
    expect(at).toBe(5)
  })

  it('does not run what was cancelled, also by a timer of the same moment', async () => {
    const clock = createSimulatedClock()
    const ran: string[] = []
    clock.after(10, () => {
      ran.push('first')
      cancel()
    })
    const cancel = clock.after(10, () => ran.push('second'))
    clock.after(5, () => ran.push('cancelled'))()
    await clock.advance(10)
    cancel()
    expect(ran).toEqual(['first'])
    expect(clock.pending).toBe(0)
  })

  it('moves the wall alone when it is set', async () => {
    const clock = createSimulatedClock({ start: 100, wall: 5_000 })
    clock.setWall(1_000)
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 100])
    let at: number | undefined
    clock.after(10, () => (at = clock.now()))
    await clock.advance(10)
    expect(at).toBe(1_010)
  })

  it('runs until a condition is true and stops at that moment', async () => {
    const clock = createSimulatedClock()
    let count = 0
    const again = (): void => {
      count += 1
      clock.after(10, again)
    }
    clock.after(10, again)
    await clock.runUntil(() => count === 3, 1_000)
    expect([clock.monotonic(), count]).toEqual([30, 3])
    await clock.runUntil(() => count === 3, 0)
    expect(clock.monotonic()).toBe(30)
  })

  it('sees a condition that an immediate makes true without moving time', async () => {
    const clock = createSimulatedClock()
    let ready = false
    void turn().then(() => (ready = true))
    clock.after(1, () => expect.unreachable('time was moved'))
    await clock.runUntil(() => ready, 1_000)
    expect(clock.monotonic()).toBe(0)
  })

  it('gives up at the limit', async () => {
    const clock = createSimulatedClock()
    clock.after(2_000, () => {})
    await expect(clock.runUntil(() => false, 1_000)).rejects.toThrow(/within 1000 ms; 1 timers are pending/)
    expect(clock.monotonic()).toBe(1_000)
  })

  it('accepts a condition that becomes true exactly at the limit', async () => {
    const clock = createSimulatedClock()
    await clock.runUntil(() => clock.monotonic() === 1_000, 1_000)
    expect(clock.monotonic()).toBe(1_000)
  })

  it('rejects with what a timer throws and can be moved on', async () => {
    const clock = createSimulatedClock()
    let ran = 0
    clock.after(10, () => {
      throw new Error('defect')
    })
    clock.after(20, () => (ran += 1))
    await expect(clock.advance(30)).rejects.toThrow('defect')
    expect(clock.monotonic()).toBe(10)
    await clock.advance(10)
    expect(ran).toBe(1)
  })

  it.each([-1, NaN, Infinity])('refuses to move by %s', async (ms) => {
    const clock = createSimulatedClock()
    await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    await expect(clock.runUntil(() => true, ms)).rejects.toThrow(RangeError)
  })

  it('refuses to be moved twice at a time', async () => {
    const clock = createSimulatedClock()
    const first = clock.advance(10)
    await expect(clock.advance(10)).rejects.toThrow(/await advance/)
    await first
    expect(clock.monotonic()).toBe(10)
  })

  it('notices timers of 0 ms that renew themselves without end', { timeout: 60_000 }, async () => {
    const clock = createSimulatedClock()
    const again = (): void => void clock.after(0, again)
    clock.after(0, again)
    await expect(clock.advance(1)).rejects.toThrow(/time stood still/)
  })
})
