import { describe, expect, it } from 'vitest'
import { createSimulatedClock, type SimulatedClock } from '@sluice/core/memory'
import { Settler } from '../src/settle.js'
import type { WireChannel } from '../src/wire/port.js'

interface Bench {
  readonly settler: Settler
  readonly clock: SimulatedClock
  /** `3*` = all up to 3, `3` = 3 alone, `3-` = given back. */
  readonly frames: string[]
  readonly handles: number[]
}

function bench(deliveries: number): Bench {
  const clock = createSimulatedClock()
  const frames: string[] = []
  const channel = {
    ack: (tag: number, multiple: boolean) => frames.push(multiple ? `${tag}*` : `${tag}`),
    reject: (tag: number) => frames.push(`${tag}-`),
  } as unknown as WireChannel
  const settler = new Settler(clock, channel)
  const handles = Array.from({ length: deliveries }, (_, index) => settler.add(index + 1, clock.monotonic()))
  return { settler, clock, frames, handles }
}

const tags = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}-`)

describe('acknowledging', () => {
  it('sends one frame for all that is done without a gap', async () => {
    const { settler, clock, frames, handles } = bench(10)
    for (const handle of handles.toReversed()) settler.done(handle)
    expect(frames).toEqual([])
    await clock.advance(5)
    expect(frames).toEqual(['10*'])
    expect(settler.unstored).toBe(0)
  })

  it('does not wait for the time when much is done', () => {
    const { settler, frames, handles } = bench(64)
    for (const handle of handles) settler.done(handle)
    expect(frames).toEqual(['64*'])
  })

  it('settles behind one that stays open, a few at a time, and within 250 ms', async () => {
    const { settler, clock, frames, handles } = bench(41)
    for (const handle of handles.slice(1)) settler.done(handle)
    await clock.advance(45)
    expect(frames).toEqual([])
    await clock.advance(5)
    expect(frames).toHaveLength(16)
    await clock.advance(4)
    expect(frames).toHaveLength(16)
    await clock.advance(10)
    expect(frames).toEqual(Array.from({ length: 40 }, (_, index) => `${index + 2}`))
    settler.done(handles[0] as number)
    await clock.advance(5)
    expect(frames.at(-1)).toBe('1*')
    expect(settler.unstored).toBe(0)
  })

  it('never acknowledges what was given back, and nothing twice', async () => {
    const { settler, clock, frames, handles } = bench(3)
    settler.giveBack(handles[1] as number, 2)
    settler.done(handles[2] as number)
    await clock.advance(100)
    expect(frames).toEqual(['2-', '3'])
    settler.done(handles[0] as number)
    await clock.advance(10)
    expect(frames).toEqual(['2-', '3', '1*'])
  })

  it('gives many back a few at a time, behind what is acknowledged, and settles none of them meanwhile', async () => {
    const { settler, clock, frames, handles } = bench(44)
    for (const handle of handles.slice(40)) settler.done(handle)
    for (const handle of handles.slice(0, 40)) settler.giveBack(handle, handle + 1)
    let flushed = false
    void settler.flushed().then(() => (flushed = true))
    await clock.advance(0)
    expect(frames).toEqual(['1-', '41', '42', '43', '44', ...tags(2, 13)])
    expect(flushed).toBe(true)
    await clock.advance(4)
    expect(frames).toHaveLength(17)
    await clock.advance(6)
    expect(frames.slice(17)).toEqual([...tags(14, 40)])
    expect([settler.open, settler.unstored]).toEqual([0, 0])
  })

  it('acknowledges all at once when what was between has gone back', async () => {
    const { settler, clock, frames, handles } = bench(4)
    settler.giveBack(handles[0] as number, 1)
    settler.giveBack(handles[1] as number, 2)
    settler.done(handles[2] as number)
    await clock.advance(5)
    expect(frames).toEqual(['1-', '2-', '3*'])
    settler.giveBackUnadded(5)
    await clock.advance(5)
    settler.done(handles[3] as number)
    await clock.advance(5)
    expect(frames).toEqual(['1-', '2-', '3*', '5-', '4*'])
  })

  it('says when all is sent', async () => {
    const { settler, clock, frames, handles } = bench(20)
    for (const handle of handles.slice(1)) settler.done(handle)
    let flushed = false
    void settler.flushed().then(() => (flushed = true))
    await clock.advance(0)
    expect([frames.length, flushed]).toEqual([16, false])
    await clock.advance(5)
    expect([frames.length, flushed]).toEqual([19, true])
  })

  it('sends nothing on a channel that has ended, and lets nobody wait', async () => {
    const { settler, clock, frames, handles } = bench(2)
    settler.done(handles[1] as number)
    const flushed = settler.flushed()
    frames.length = 0
    settler.end()
    settler.done(handles[0] as number)
    await flushed
    await clock.advance(1_000)
    expect(frames).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
