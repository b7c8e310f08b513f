import { describe, expect, test } from 'vitest'
import { judgeCrash, SoloLock } from '../../src/failure/crash-guard.js'

describe('judgeCrash', () => {
  test.each([
    [0, 0, 'innocent'],
    [2, 0, 'innocent'],
    [3, 0, 'suspect'],
    [4, 1, 'suspect'],
    [5, 1, 'suspect'],
    [5, 2, 'convicted'],
    [30, 0, 'suspect'],
    [30, 1, 'suspect'],
    [30, 2, 'convicted'],
  ] as const)('%d hand-overs with %d recorded starts: %s', (handovers, starts, verdict) => {
    expect(judgeCrash({ handovers, starts, survived: false })).toBe(verdict)
  })

  test('what has run in this process without ending it is innocent', () => {
    expect(judgeCrash({ handovers: 30, starts: 2, survived: true })).toBe('innocent')
  })
})

describe('SoloLock', () => {
  test('has one holder at a time and wakes each waiter once', () => {
    const lock = new SoloLock()
    const [a, b] = [{}, {}]
    let wakes = 0
    const wake = (): void => void (wakes += 1)
    expect(lock.acquire(a, wake)).toBe(true)
    expect(lock.acquire(a, wake)).toBe(true)
    expect(lock.acquire(b, wake)).toBe(false)
    expect(lock.acquire(b, wake)).toBe(false)
    lock.release(b)
    expect(wakes).toBe(0)
    lock.release(a)
    expect(wakes).toBe(1)
    expect(lock.acquire(b, wake)).toBe(true)
  })
})
