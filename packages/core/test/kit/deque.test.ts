import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deque } from '../../src/kit/deque.js'

type Operation = (deque: Deque<number>, model: number[], value: number) => void

const push: Operation = (deque, model, value) => {
  deque.push(value)
  model.push(value)
}
const unshift: Operation = (deque, model, value) => {
  deque.unshift(value)
  model.unshift(value)
}
const shift: Operation = (deque, model) => expect(deque.shift()).toBe(model.shift())
const times =
  (count: number, operation: Operation): Operation =>
  (deque, model, value) => {
    for (let i = 0; i < count; i += 1) operation(deque, model, value + i)
  }
const clear: Operation = (deque, model) => {
  deque.clear()
  model.length = 0
}

describe('Deque', () => {
  it('behaves like an array, whatever is done to it', () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(push, unshift, shift) },
      { weight: 3, arbitrary: fc.constantFrom(times(40, push), times(40, unshift), times(30, shift)) },
      { weight: 1, arbitrary: fc.constant(clear) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
        const deque = new Deque<number>()
        const model: number[] = []
        for (const [i, operate] of operations.entries()) {
          operate(deque, model, i * 1_000)
          expect(deque.length).toBe(model.length)
          expect(deque.peek()).toBe(model[0])
        }
        expect([...deque]).toEqual(model)
      }),
    )
  })

  it('takes nothing from an empty one', () => {
    const deque = new Deque<string>()
    expect([deque.length, deque.peek(), deque.shift(), deque.length]).toEqual([0, undefined, undefined, 0])
  })

  it('carries undefined as a value', () => {
    const deque = new Deque<number | undefined>()
    deque.push(undefined)
    deque.push(1)
    expect([deque.length, deque.shift(), deque.shift(), deque.length]).toEqual([2, undefined, 1, 0])
  })

  it('loses nothing of a long queue', () => {
    const deque = new Deque<number>()
    for (let i = 0; i < 200_000; i += 1) deque.unshift(i)
    let sum = 0
    while (deque.length > 0) sum += deque.shift() ?? 0
    expect(sum).toBe((200_000 * 199_999) / 2)
  })
})
