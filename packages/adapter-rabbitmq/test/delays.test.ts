import { describe, expect, it } from 'vitest'
import { delayAddress, delayLevels, delayTickMs, levelPattern, longestDelayMs, targetPattern } from '../src/delays.js'
import { createNames, delayName } from '../src/names.js'

/** As a topic exchange matches. */
function matches(pattern: string, key: string): boolean {
  const go = (p: readonly string[], k: readonly string[]): boolean => {
    const [head, ...rest] = p
    if (head === undefined) return k.length === 0
    if (head === '#') return go(rest, k) || (k.length > 0 && go(p, k.slice(1)))
    return k.length > 0 && (head === '*' || head === k[0]) && go(rest, k.slice(1))
  }
  return go(pattern.split('.'), key.split('.'))
}

/** Levels at which a message waits, and how it comes to its end. */
function wayOf(queue: string, delayMs: number): { levels: number[]; key: string } {
  const address = delayAddress(queue, delayMs)
  if (address === undefined) throw new Error('no address')
  const { exchange, routingKey: key } = address
  const levels: number[] = []
  const first = Array.from({ length: delayLevels }, (_, level) => level).find((level) => delayName(level) === exchange)
  for (let level = first ?? -1; level >= 0; level -= 1) {
    const waits = matches(levelPattern(level, true), key)
    expect(matches(levelPattern(level, false), key)).toBe(!waits)
    if (waits) levels.push(level)
  }
  return { levels, key }
}

describe('address of a delayed message', () => {
  it('waits as long as it should, one tick longer at most, and never less', () => {
    const delays = [1, 124, 125, 126, 250, 30_000, 3_600_000, 86_400_000, 1_234_567_890, longestDelayMs]
    for (const delayMs of delays) {
      const { levels } = wayOf('orders.billing', delayMs)
      const waitedMs = levels.reduce((sum, level) => sum + delayTickMs * 2 ** level, 0)
      // Each of the hops may be early by a part of a millisecond.
      expect(waitedMs - levels.length).toBeGreaterThanOrEqual(delayMs)
      expect(waitedMs).toBeLessThan(delayMs + 2 * delayTickMs)
    }
  })

  it('begins at the highest level that it needs', () => {
    expect(delayAddress('a.b', 100)).toEqual({ exchange: 'sluice.delay.0', routingKey: `${'0.'.repeat(24)}1.a/b` })
    expect(delayAddress('a.b', 450)).toEqual({ exchange: 'sluice.delay.2', routingKey: `${'0.'.repeat(22)}1.0.0.a/b` })
    expect(delayAddress('a.b', 0)).toEqual({ exchange: '', routingKey: 'a.b' })
  })

  it('has none when it would be too long', () => {
    expect(longestDelayMs / 86_400_000).toBeGreaterThan(48)
    expect(delayAddress('a.b', longestDelayMs + 1)).toBeUndefined()
    expect(delayAddress('a.b', Infinity)).toBeUndefined()
  })

  it('fits into 255 bytes with the longest names', () => {
    const names = createNames({})
    const queue = names.queue('t'.repeat(100), 'g'.repeat(98), 1023, true)
    const longest = names.queue('t'.repeat(100), 'g'.repeat(100), 1023, true)
    expect(delayAddress(queue, longestDelayMs)?.routingKey.endsWith(queue.replace('.', '/'))).toBe(true)
    for (const name of [queue, longest, 'ü'.repeat(127)]) {
      const key = delayAddress(name, longestDelayMs)?.routingKey ?? ''
      expect(Buffer.byteLength(key)).toBeGreaterThan(50)
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(255)
    }
  })

  it('leads to its own queue and to no other', () => {
    const queues = [
      ...['a.b.c', 'b.c', 'a.b/c', 'a/b/c', 'a.b.c:1', 'a.b.c:11', 'c', '1', '0', '#', '*', '', 'x.*', 'x.#', 'x.y'],
      ...['x'.repeat(204), 'x'.repeat(205), 'x'.repeat(206), 'a b', 'ä', '=abc', 'A.b.c'],
    ]
    for (const queue of queues) {
      const key = delayAddress(queue, 60_000)?.routingKey ?? ''
      expect(queues.filter((other) => matches(targetPattern(other), key))).toEqual([queue])
    }
  })
})
