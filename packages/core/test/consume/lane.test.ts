import { describe, expect, it } from 'vitest'
import { ClaimState } from '../../src/consume/claim-state.js'
import type { Lane } from '../../src/consume/lane.js'
import { PartitionState } from '../../src/consume/partition-state.js'
import { Work } from '../../src/consume/work.js'
import type { Claim } from '../../src/spi/consuming.js'
import type { Inbound } from '../../src/spi/envelope.js'

const partition = new PartitionState(0)
const claim: Claim = { partition: 0, epoch: 1, exclusive: true, holdMs: Infinity }
const key = (text: string): Uint8Array => new TextEncoder().encode(text)

function work(lane: Lane, arrival: number): Work {
  const inbound = { claim, id: `m${arrival}`, key: null, headers: [], failures: 0 } as unknown as Inbound
  return new Work(inbound, new ClaimState(claim, partition), lane, arrival, 0)
}

describe('a lane', () => {
  it('keeps the order of arrival, in whatever order works come back', () => {
    const lane = partition.laneOf(key('order'), true, 'm')
    const works = [0, 1, 2, 3, 4].map((arrival) => work(lane, arrival))
    for (const index of [3, 4]) lane.push(works[index] as Work)
    for (const index of [2, 0, 1]) lane.putBack(works[index] as Work)
    expect([0, 1, 2, 3, 4].map(() => lane.shift()?.arrival)).toEqual([0, 1, 2, 3, 4])
    expect(lane.shift()).toBeUndefined()
  })

  it('starts nothing while something of it runs, while it rests, or when its claim is handed over', () => {
    const lane = partition.laneOf(key('start'), true, 'm')
    expect(lane.startable).toBe(false)
    const one = work(lane, 0)
    lane.push(one)
    expect(lane.startable).toBe(true)
    lane.occupied = 1
    expect(lane.startable).toBe(false)
    lane.occupied = 0
    lane.resting = true
    expect(lane.startable).toBe(false)
    lane.resting = false
    one.claim.status = 'draining'
    expect(lane.startable).toBe(false)
  })
})

describe('the lanes of a partition', () => {
  it('are one per key', () => {
    const state = new PartitionState(1)
    const lane = state.laneOf(key('a'), true, 'm1')
    expect(state.laneOf(key('a'), true, 'm2')).toBe(lane)
    expect(state.laneOf(key('b'), true, 'm3')).not.toBe(lane)
  })

  it('are gone when others have become idle since, and only then', () => {
    const state = new PartitionState(1)
    const [idle, busy, resting] = ['idle', 'busy', 'resting'].map((name) => state.laneOf(key(name), true, 'm')) as [
      Lane,
      Lane,
      Lane,
    ]
    for (const lane of [idle, busy, resting]) state.free(lane)
    busy.occupied = 1
    resting.resting = true
    for (let index = 0; index < 10_000; index += 1) state.free(state.laneOf(key(`k${index}`), true, 'm'))
    expect(state.lanes.size).toBe(256 + 2)
    expect(state.laneOf(key('busy'), true, 'm')).toBe(busy)
    expect(state.laneOf(key('resting'), true, 'm')).toBe(resting)
    expect(state.laneOf(key('idle'), true, 'm')).not.toBe(idle)
    busy.occupied = 0
    resting.resting = false
    for (const lane of [busy, resting]) state.free(lane)
    for (let index = 0; index < 256; index += 1) state.free(state.laneOf(key(`l${index}`), true, 'm'))
    expect(state.laneOf(key('busy'), true, 'm')).not.toBe(busy)
    expect(state.laneOf(key('resting'), true, 'm')).not.toBe(resting)
  })

  it('keep the empty key apart from none, and long keys apart from each other', () => {
    const state = new PartitionState(1)
    expect(state.laneOf(key(''), true, 'm1')).toBe(state.laneOf(key(''), true, 'm2'))
    expect(state.laneOf(null, true, 'm1')).not.toBe(state.laneOf(null, true, 'm2'))
    const long = 'x'.repeat(5_000)
    expect(state.laneOf(key(`${long}1`), true, 'm')).not.toBe(state.laneOf(key(`${long}2`), true, 'm'))
  })

  it('let a message without a key find its own run that goes on', () => {
    const state = new PartitionState(1)
    const lane = state.laneOf(null, false, 'm7')
    const running = work(lane, 7)
    lane.occupied = 1
    state.keepForGhost(running)
    expect(state.laneOf(null, false, 'm7')).toBe(lane)
    expect(state.laneOf(null, false, 'm8')).not.toBe(lane)
    lane.occupied = 0
    state.free(lane)
    expect(state.laneOf(null, false, 'm7')).not.toBe(lane)
  })

  it('are not confused with an emptied one of the same key', () => {
    const state = new PartitionState(1)
    const old = state.laneOf(key('a'), true, 'm1')
    state.free(old)
    const fresh = state.laneOf(key('a'), true, 'm1')
    state.free(old)
    expect(state.laneOf(key('a'), true, 'm2')).toBe(fresh)
  })
})
