import { describe, expect, it } from 'vitest'
import { emptyCheckpoint, readCheckpoint, writeCheckpoint, type Checkpoint, type OffsetRun } from '../src/checkpoint.js'

const OFFSET = 5_000_000_000

function checkpoint(over: Partial<Checkpoint>): Checkpoint {
  return { ...emptyCheckpoint, ...over }
}

function runs(count: number, gap: number, length: number): OffsetRun[] {
  return Array.from({ length: count }, (_, index) => {
    const first = OFFSET + gap + index * (gap + length)
    return { first, last: first + length - 1 }
  })
}

describe('what is kept beside an offset', () => {
  it('comes back as it was written', () => {
    const full = checkpoint({
      ahead: runs(20, 3, 7),
      failures: new Map([
        [OFFSET + 9, 2],
        [OFFSET, 5],
      ]),
      starts: new Map([[OFFSET + 1, 1]]),
      reached: new Map([
        [OFFSET + 100, 3],
        [OFFSET + 7, 1],
      ]),
    })
    expect(readCheckpoint(OFFSET, writeCheckpoint(OFFSET, full))).toEqual(full)
  })

  it('is nothing where there is nothing to keep', () => {
    expect(writeCheckpoint(OFFSET, emptyCheckpoint)).toBe('')
    expect(readCheckpoint(OFFSET, '')).toEqual(emptyCheckpoint)
  })

  it('is short: one key that stands still, and 50,000 messages that passed it', () => {
    const text = writeCheckpoint(OFFSET, checkpoint({ ahead: [{ first: OFFSET + 1, last: OFFSET + 50_000 }] }))
    expect(text.length).toBeLessThan(32)
  })

  it('is never longer than the broker takes, and keeps what is nearest', () => {
    const far = checkpoint({
      ahead: runs(5_000, 2, 3),
      failures: new Map(Array.from({ length: 600 }, (_, index) => [OFFSET + index * 1_000, 3])),
    })
    const text = writeCheckpoint(OFFSET, far)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096)
    expect(Buffer.byteLength(text)).toBeGreaterThan(4_000)
    const read = readCheckpoint(OFFSET, text)
    expect(read?.failures).toEqual(far.failures)
    expect(read?.ahead).toEqual(far.ahead.slice(0, read?.ahead.length))
    expect(read?.ahead.length).toBeGreaterThan(200)
  })

  it('leaves out counts when they alone are too many', () => {
    const counts = new Map(Array.from({ length: 5_000 }, (_, index) => [OFFSET + index * 1_000, 3]))
    const text = writeCheckpoint(OFFSET, checkpoint({ failures: counts, ahead: runs(3, 1, 1) }))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096)
    const read = readCheckpoint(OFFSET, text)
    expect(read?.failures.size).toBeGreaterThan(700)
    expect(read?.failures).toEqual(new Map([...counts].slice(0, read?.failures.size)))
  })

  it.each(['not ours', 'sluice2.AAAA', 'sluice1.', 'sluice1.AQ', 'sluice1.!!!', `sluice1.${'_'.repeat(100)}`])(
    '%s is not read',
    (text) => {
      expect(readCheckpoint(OFFSET, text)).toBeUndefined()
    },
  )

  it('is unreadable, and nothing worse, when it is garbage', () => {
    const whole = writeCheckpoint(OFFSET, checkpoint({ ahead: runs(10, 3, 7), starts: new Map([[OFFSET, 1]]) }))
    let seed = 7
    const random = (): number => ((seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff), seed)
    for (let turn = 0; turn < 2_000; turn += 1) {
      const bytes = Buffer.from(whole.slice('sluice1.'.length), 'base64url')
      bytes[random() % bytes.length] = random()
      const read = readCheckpoint(OFFSET, `sluice1.${bytes.toString('base64url')}`)
      for (const { first, last } of read?.ahead ?? []) {
        expect(first).toBeGreaterThanOrEqual(OFFSET)
        expect(last).toBeGreaterThanOrEqual(first)
      }
    }
  })
})
