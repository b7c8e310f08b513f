import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { Pump } from '../../src/publish/pump.js'
import { WallTime } from '../../src/publish/wall-time.js'

describe('the wall time of publishes', () => {
  it('is read once for what goes out together, and again for what comes later', async () => {
    const clock = createSimulatedClock({ wall: 1_000 })
    let reads = 0
    const counting = { ...clock, now: () => (reads++, clock.now()) }
    const time = new WallTime(counting, new Pump())
    expect([time.now(), time.now(), time.now()]).toEqual([1_000, 1_000, 1_000])
    expect(reads).toBe(1)
    await clock.advance(5)
    expect([time.now(), time.now()]).toEqual([1_005, 1_005])
    expect(reads).toBe(2)
  })
})
