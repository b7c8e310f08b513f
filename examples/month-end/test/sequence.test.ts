import { describe, expect, it } from 'vitest'
import { createSequence } from '../src/sequence.js'
import type { OrderEvent } from '../src/topics.js'

const event = (orderId: string, step: number): OrderEvent => ({ orderId, step, status: 'placed' })

describe('createSequence', () => {
  it('accepts steps in order and counts orders in work', () => {
    const sequence = createSequence()
    for (const step of [1, 2, 3]) {
      sequence.begin(event('a', step))
      sequence.begin(event('b', step))
      sequence.end(event('b', step))
      sequence.end(event('a', step))
    }
    expect(sequence.outOfOrder).toBe(0)
    expect(sequence.mostAtOnce).toBe(2)
  })

  it.each([
    ['a step left out', [1, 3]],
    ['two steps swapped', [2, 1]],
    ['a step repeated', [1, 1]],
  ])('sees %s', (_, steps) => {
    const sequence = createSequence()
    for (const step of steps) {
      sequence.begin(event('a', step))
      sequence.end(event('a', step))
    }
    expect(sequence.outOfOrder).toBeGreaterThan(0)
  })

  it('sees a step that begins before the one in front of it has ended', () => {
    const sequence = createSequence()
    sequence.begin(event('a', 1))
    sequence.begin(event('a', 2))
    expect(sequence.outOfOrder).toBe(1)
  })
})
