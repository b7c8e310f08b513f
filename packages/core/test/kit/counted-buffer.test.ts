import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CountedBuffer, type CountedBufferOptions } from '../../src/kit/counted-buffer.js'

const wide: CountedBufferOptions = { maxCount: 100, maxBytes: 1_000, maxWaiting: 100, maxWaitingBytes: 1_000 }
const make = (options: Partial<CountedBufferOptions>): CountedBuffer => new CountedBuffer({ ...wide, ...options })
const idle = (): void => {}
const never = (): void => expect.unreachable('this entry must not be called back')

describe('CountedBuffer', () => {
  it('lets in up to the count, then makes wait', () => {
    const buffer = make({ maxCount: 2 })
    expect([buffer.enter(1, never), buffer.enter(1, never), buffer.enter(1, never)]).toEqual([
      'entered',
      'entered',
      'waiting',
    ])
    expect([buffer.count, buffer.bytes, buffer.waiting, buffer.waitingBytes]).toEqual([2, 2, 1, 1])
  })

  it('lets in up to the bytes, then makes wait', () => {
    const buffer = make({ maxBytes: 10 })
    expect([buffer.enter(6, never), buffer.enter(4, never), buffer.enter(1, never)]).toEqual([
      'entered',
      'entered',
      'waiting',
    ])
    expect(buffer.bytes).toBe(10)
  })

  it('is full when as many wait as may, by count', () => {
    const buffer = make({ maxCount: 1, maxWaiting: 2 })
    buffer.enter(1, never)
    const waiters = [(): void => {}, (): void => {}, (): void => {}]
    expect(waiters.map((waiter) => buffer.enter(1, waiter))).toEqual(['waiting', 'waiting', 'full'])
    expect([buffer.waiting, buffer.waitingBytes]).toEqual([2, 2])
  })

  it('is full when as many wait as may, by bytes', () => {
    const buffer = make({ maxCount: 1, maxWaitingBytes: 10 })
    buffer.enter(1, never)
    const enter = (size: number): string => buffer.enter(size, () => {})
    expect([enter(6), enter(5), enter(4), enter(1)]).toEqual(['waiting', 'full', 'waiting', 'full'])
    expect(buffer.waitingBytes).toBe(10)
  })

  it('lets nobody wait when there is no room for waiters', () => {
    const buffer = make({ maxCount: 1, maxWaiting: 0 })
    expect([buffer.enter(1, never), buffer.enter(1, never)]).toEqual(['entered', 'full'])
  })

  it('lets in first come, first served, each called back once', () => {
    const buffer = make({ maxCount: 1 })
    const order: string[] = []
    buffer.enter(1, never)
    for (const name of ['a', 'b', 'c']) buffer.enter(1, () => order.push(name))
    buffer.leave(1)
    expect(order).toEqual(['a'])
    buffer.leave(1)
    buffer.leave(1)
    buffer.leave(1)
    expect(order).toEqual(['a', 'b', 'c'])
    expect([buffer.count, buffer.bytes, buffer.waiting, buffer.waitingBytes]).toEqual([0, 0, 0, 0])
  })

  it('lets nobody pass a large one that waits at the head', () => {
    const buffer = make({ maxBytes: 10 })
    const order: string[] = []
    buffer.enter(6, never)
    expect(buffer.enter(8, () => order.push('large'))).toBe('waiting')
    expect(buffer.enter(1, () => order.push('small'))).toBe('waiting')
    expect(buffer.tryEnter(1)).toBe(false)
    buffer.leave(6)
    expect(order).toEqual(['large', 'small'])
  })

  it('lets one in that is larger than all bytes while it is empty, and alone', () => {
    const buffer = make({ maxBytes: 10, maxWaitingBytes: 10 })
    const order: string[] = []
    expect(buffer.enter(50, never)).toBe('entered')
    expect(buffer.enter(50, () => order.push('second'))).toBe('waiting')
    expect(buffer.enter(1, () => order.push('third'))).toBe('full')
    buffer.leave(50)
    expect(order).toEqual(['second'])
    expect(buffer.tryEnter(1)).toBe(false)
    buffer.leave(50)
    expect(buffer.tryEnter(1)).toBe(true)
  })

  it('forgets who cancels and never calls back', () => {
    const buffer = make({ maxCount: 1 })
    const order: string[] = []
    const names = ['a', 'b', 'c', 'd']
    const waiters = names.map((name) => () => void order.push(name))
    buffer.enter(1, never)
    for (const waiter of waiters) buffer.enter(2, waiter)
    const cancel = (index: number): boolean => buffer.cancel(waiters[index] ?? never)
    expect([cancel(1), cancel(1), cancel(3), buffer.cancel(never)]).toEqual([true, false, true, false])
    expect([buffer.waiting, buffer.waitingBytes]).toEqual([2, 4])
    buffer.leave(1)
    expect(cancel(0)).toBe(false)
    buffer.leave(2)
    expect(order).toEqual(['a', 'c'])
    expect(buffer.enter(1, waiters[1] ?? never)).toBe('waiting')
  })

  it('lets the next ones in when a large one at the head cancels', () => {
    const buffer = make({ maxBytes: 10 })
    const order: string[] = []
    const large = (): void => never()
    buffer.enter(6, never)
    buffer.enter(8, large)
    buffer.enter(2, () => order.push('b'))
    buffer.enter(2, () => order.push('c'))
    buffer.enter(2, () => order.push('d'))
    buffer.cancel(large)
    expect(order).toEqual(['b', 'c'])
  })

  it('refuses a function that waits already', () => {
    const buffer = make({ maxCount: 1 })
    buffer.enter(1, never)
    buffer.enter(1, idle)
    expect(() => buffer.enter(1, idle)).toThrow(RangeError)
    expect(buffer.waiting).toBe(1)
  })

  it('refuses more leaving than entered', () => {
    const buffer = make({})
    expect(() => buffer.leave(0)).toThrow(RangeError)
    buffer.enter(5, never)
    expect(() => buffer.leave(6)).toThrow(/6 bytes leaves a buffer that holds 1 with 5 bytes/)
    expect([buffer.count, buffer.bytes]).toEqual([1, 5])
  })

  it('keeps order and a flat stack when every callback leaves at once', () => {
    const buffer = new CountedBuffer({ maxCount: 1, maxBytes: 10, maxWaiting: 50_000, maxWaitingBytes: 50_000 })
    const order: number[] = []
    buffer.enter(1, never)
    for (let i = 0; i < 50_000; i += 1) {
      buffer.enter(1, () => {
        order.push(i)
        buffer.leave(1)
      })
    }
    buffer.leave(1)
    expect(order).toEqual(Array.from({ length: 50_000 }, (_, i) => i))
    expect([buffer.count, buffer.bytes, buffer.waiting, buffer.waitingBytes]).toEqual([0, 0, 0, 0])
  })

  it('goes on after a callback that threw', () => {
    const buffer = make({ maxCount: 1 })
    const order: string[] = []
    buffer.enter(1, never)
    buffer.enter(1, () => {
      throw new Error('defect')
    })
    buffer.enter(1, () => order.push('b'))
    expect(() => buffer.leave(1)).toThrow('defect')
    buffer.leave(1)
    expect(order).toEqual(['b'])
  })

  it('keeps its limits and its order, whatever happens', () => {
    const number = fc.integer({ min: 0, max: 30 })
    const operation = fc.oneof({ weight: 2, arbitrary: number.map(enter) }, number.map(leave), number.map(cancel))
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const buffer = new CountedBuffer({ maxCount: 4, maxBytes: 20, maxWaiting: 3, maxWaitingBytes: 15 })
        const model: Model = { inside: [], waiting: [] }
        for (const operate of operations) {
          operate(buffer, model)
          const { inside, waiting } = model
          expect([buffer.count, buffer.bytes]).toEqual([inside.length, sizeOf(inside)])
          expect([buffer.waiting, buffer.waitingBytes]).toEqual([waiting.length, sizeOf(waiting)])
          expect(waiting.length > 0 && fits(inside, waiting[0]?.size ?? 0)).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })
})

interface Entry {
  readonly size: number
  readonly onEntered: () => void
}
interface Model {
  readonly inside: Entry[]
  readonly waiting: Entry[]
}
type Operation = (buffer: CountedBuffer, model: Model) => void

const sizeOf = (entries: readonly Entry[]): number => entries.reduce((sum, entry) => sum + entry.size, 0)
const fits = (inside: readonly Entry[], size: number): boolean =>
  inside.length === 0 || (inside.length < 4 && sizeOf(inside) + size <= 20)
const mayWait = (waiting: readonly Entry[], size: number): boolean =>
  waiting.length === 0 || (waiting.length < 3 && sizeOf(waiting) + size <= 15)

function enter(size: number): Operation {
  return (buffer, { inside, waiting }) => {
    const entry: Entry = {
      size,
      onEntered: () => {
        expect(waiting.shift()).toBe(entry)
        inside.push(entry)
      },
    }
    const enters = waiting.length === 0 && fits(inside, size)
    const waits = !enters && mayWait(waiting, size)
    if (enters) inside.push(entry)
    if (waits) waiting.push(entry)
    expect(buffer.enter(size, entry.onEntered)).toBe(enters ? 'entered' : waits ? 'waiting' : 'full')
  }
}

function leave(which: number): Operation {
  return (buffer, { inside }) => {
    for (const entry of inside.splice(which % Math.max(1, inside.length), 1)) buffer.leave(entry.size)
  }
}

function cancel(which: number): Operation {
  return (buffer, { waiting }) => {
    for (const entry of waiting.splice(which % Math.max(1, waiting.length), 1)) {
      expect(buffer.cancel(entry.onEntered)).toBe(true)
    }
  }
}
