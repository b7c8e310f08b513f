import { systemClock, type Clock } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { findForgotten, type ConsumedQueue } from '../src/forgotten-consumers.js'
import type { WireChannel } from '../src/wire/port.js'

const clock: Clock = { ...systemClock, after: (_ms, run) => systemClock.after(0, run) }

interface Fake extends ConsumedQueue {
  arrivals: number | undefined
  told: number
}

const consumed = (queue: string): Fake => {
  const fake: Fake = { queue, arrivals: 0, told: 0, forgotten: () => void (fake.told += 1) }
  return fake
}

/** A broker that counts consumers as the test says: one entry for each look, the last for all that follow. */
function channelOf(counts: Readonly<Record<string, readonly number[]>>, asked: string[] = []): WireChannel {
  const looks: Record<string, number> = {}
  const checkQueue = (name: string): Promise<{ name: string; messages: number; consumers: number }> => {
    asked.push(name)
    const look = looks[name] ?? 0
    looks[name] = look + 1
    const own = counts[name] ?? []
    return Promise.resolve({ name, messages: 0, consumers: own[Math.min(look, own.length - 1)] ?? 1 })
  }
  return { checkQueue } as unknown as WireChannel
}

const signal = new AbortController().signal

describe('a consumer that the broker has forgotten', () => {
  it('is found when no look shows it and nothing comes', async () => {
    const [dead, alive] = [consumed('dead'), consumed('alive')]
    const asked: string[] = []
    await findForgotten([dead, alive], { channel: channelOf({ dead: [0] }, asked), clock, signal })
    expect([dead.told, alive.told]).toEqual([1, 0])
    expect(asked).toEqual(['dead', 'alive', 'dead', 'dead'])
  })

  it('is none when one look shows it', async () => {
    const one = consumed('one')
    await findForgotten([one], { channel: channelOf({ one: [0, 0, 1] }), clock, signal })
    expect(one.told).toBe(0)
  })

  it('is none when something comes meanwhile, or when it has ended', async () => {
    const [busy, ended, opening] = [consumed('busy'), consumed('ended'), consumed('opening')]
    opening.arrivals = undefined
    const found = findForgotten([busy, ended, opening], {
      channel: channelOf({ busy: [0], ended: [0], opening: [0] }),
      clock,
      signal,
    })
    busy.arrivals = 1
    ended.arrivals = undefined
    await found
    expect([busy.told, ended.told, opening.told]).toEqual([0, 0, 0])
  })

  it('is not looked for any longer than there is time', async () => {
    const one = consumed('one')
    const asked: string[] = []
    await findForgotten([one], { channel: channelOf({ one: [0] }, asked), clock, signal: AbortSignal.abort() })
    expect([one.told, asked.length]).toEqual([0, 1])
  })
})
