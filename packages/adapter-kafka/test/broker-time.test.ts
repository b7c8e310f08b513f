import { createSimulatedClock } from '@sluice/core/memory'
import { describe, expect, it } from 'vitest'
import { BrokerTime } from '../src/broker-time.js'

describe('the time of the broker', () => {
  it('is not known before anything was heard', () => {
    expect(new BrokerTime(createSimulatedClock()).nowMs).toBeUndefined()
  })

  it('goes on from the last that was heard, whatever the wall clock here says', async () => {
    const clock = createSimulatedClock()
    const time = new BrokerTime(clock)
    time.heard(5_000)
    clock.setWall(1)
    await clock.advance(300)
    expect(time.nowMs).toBe(5_300)
  })

  it('is that of the quickest answer: one that took long says too little', async () => {
    const clock = createSimulatedClock()
    const time = new BrokerTime(clock)
    time.heard(5_000)
    await clock.advance(100)
    time.heard(5_020)
    expect(time.nowMs).toBe(5_100)
    time.heard(5_130)
    expect(time.nowMs).toBe(5_130)
  })

  it('is believed for a minute, though later answers are slower', async () => {
    const clock = createSimulatedClock()
    const time = new BrokerTime(clock)
    time.heard(5_000)
    await clock.advance(59_000)
    time.heard(63_900)
    expect(time.nowMs).toBe(64_000)
    await clock.advance(1_000)
    time.heard(64_900)
    expect(time.nowMs).toBe(64_900)
  })

  it('is what the last answer says when the clock of the broker was set back', async () => {
    const clock = createSimulatedClock()
    const time = new BrokerTime(clock)
    time.heard(3_600_000)
    await clock.advance(10)
    time.heard(5_000)
    expect(time.nowMs).toBe(5_000)
  })

  it('is not fresh when nothing was heard for a minute', async () => {
    const clock = createSimulatedClock()
    const time = new BrokerTime(clock)
    expect(time.isFresh).toBe(false)
    time.heard(5_000)
    expect(time.isFresh).toBe(true)
    await clock.advance(60_000)
    expect(time.isFresh).toBe(false)
  })
})
