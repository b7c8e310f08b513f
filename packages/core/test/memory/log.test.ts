import { describe, expect, it } from 'vitest'
import { PartitionLog } from '../../src/memory/log.js'
import { ids, message } from './fake-core.js'

function filled(count: number): PartitionLog {
  const log = new PartitionLog()
  for (const id of ids(count)) log.append(message(id), 0)
  return log
}

describe('PartitionLog', () => {
  it('reads from any offset, over several chunks', () => {
    const log = filled(3_000)
    expect(log.next(0)?.message.id).toBe('m1')
    expect(log.next(1_023)?.offset).toBe(1_023)
    expect(log.next(1_024)?.message.id).toBe('m1025')
    expect(log.next(2_999)?.message.id).toBe('m3000')
    expect(log.next(3_000)).toBeUndefined()
    expect([...log]).toHaveLength(3_000)
  })

  it('passes over gaps of any length', () => {
    const log = filled(10)
    log.skip(5_000)
    expect(log.next(10)).toBeUndefined()
    expect(log.append(message('x'), 0).offset).toBe(5_010)
    expect(log.next(10)?.offset).toBe(5_010)
    expect(log.count(0, log.end)).toBe(11)
    expect(log.count(3, 5_010)).toBe(7)
    expect(log.count(2_000, 3_000)).toBe(0)
  })

  it.each([0, 1, 1_023, 1_024, 1_025, 2_999, 3_000, 9_999])(
    'forgets what lies before %i and keeps its numbers',
    (offset) => {
      const log = filled(3_000)
      log.trim(offset)
      const start = Math.min(offset, 3_000)
      expect(log.start).toBe(start)
      expect(log.next(0)?.offset).toBe(start < 3_000 ? start : undefined)
      expect(log.count(0, 5_000)).toBe(3_000 - start)
      expect(log.append(message('x'), 0).offset).toBe(3_000)
      expect(log.next(2_999)?.offset).toBe(start <= 2_999 ? 2_999 : 3_000)
      log.trim(5)
      expect(log.start).toBe(Math.max(start, 5))
    },
  )
})
