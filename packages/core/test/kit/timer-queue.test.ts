import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerQueue, type Timer } from '../../src/kit/timer-queue.js'

type Operation = (queue: TimerQueue, model: Timer[]) => void

const add =
  (due: number): Operation =>
  (queue, model) => {
    model.push(queue.add(due, () => {}))
  }

const remove =
  (which: number): Operation =>
  (queue, model) => {
    for (const timer of model.splice(which % Math.max(1, model.length), 1)) {
      expect([queue.remove(timer), queue.remove(timer)]).toEqual([true, false])
    }
  }

describe('TimerQueue', () => {
  it('gives timers by moment and then by insertion, whatever was removed before', () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.nat(1_000).map(add) },
      { weight: 1, arbitrary: fc.nat(1_000).map(remove) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), (operations) => {
        const queue = new TimerQueue()
        const model: Timer[] = []
        for (const operate of operations) {
          operate(queue, model)
          expect(queue.length).toBe(model.length)
        }
        const taken: Timer[] = []
        for (let timer = queue.peek(); timer !== undefined; timer = queue.peek()) {
          taken.push(timer)
          queue.remove(timer)
        }
        expect(taken).toEqual(model.toSorted((a, b) => a.due - b.due || a.sequence - b.sequence))
      }),
      { numRuns: 100 },
    )
  })

  it('forgets everything on clear', () => {
    const queue = new TimerQueue()
    const timer = queue.add(1, () => {})
    queue.clear()
    expect([queue.length, queue.peek(), queue.remove(timer)]).toEqual([0, undefined, false])
  })
})
