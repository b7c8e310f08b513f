import { describe, expect, it } from 'vitest'
import type { Session } from '../src/link.js'
import { bench, never, settle } from './link-bench.js'
import { ioError, serverError } from './scripted-wire.js'

describe('a lost connection', () => {
  it('is told first to listeners, then to core, and made again', async () => {
    const { clock, wire, link, log, opened } = bench()
    const connection = await opened()
    const old = link.session as Session
    log.splice(0)
    await connection.end(serverError(320, 'forced'))
    expect(log).toEqual(['down 1 DISCONNECTED', 'publish lost DISCONNECTED'])
    expect([old.isLive, link.session, link.trouble]).toMatchObject([false, undefined, { text: 'forced' }])
    await clock.advance(100)
    expect(log.at(-1)).toBe('publish connecting')
    wire.last.accept()
    await settle(clock)
    expect(log.slice(-2)).toEqual(['up 2', 'publish ready'])
    expect([link.session?.epoch, link.trouble]).toEqual([2, undefined])
  })

  it('is made again for ever, also after what only a person can mend', async () => {
    const { clock, wire, link, log, opened } = bench()
    const connection = await opened()
    wire.onAttempt = (attempt) => attempt.refuse(serverError(403))
    await connection.end(ioError('ECONNRESET'))
    await clock.advance(600_000)
    expect(wire.attempts.length).toBeGreaterThan(50)
    expect(log).toContain('publish lost DENIED')
    wire.onAttempt = (attempt) => attempt.accept()
    await clock.advance(30_000)
    expect(link.session?.isLive).toBe(true)
  })

  it('is tried every second at least in the first minute, then every 30 s at least', async () => {
    const { clock, wire, opened } = bench(undefined, () => 0.999)
    const connection = await opened()
    const times: number[] = []
    wire.onAttempt = (attempt) => {
      times.push(clock.monotonic())
      attempt.refuse(ioError())
    }
    const from = clock.monotonic()
    await connection.end(ioError())
    await clock.advance(600_000)
    const gaps = times.map((time, index) => time - (times[index - 1] ?? from))
    const early = gaps.filter((_gap, index) => (times[index] ?? 0) - from < 60_000)
    expect(Math.max(...early)).toBeLessThanOrEqual(1_000)
    expect(Math.max(...gaps)).toBeGreaterThan(20_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000)
  })

  it('is not made again and again without a pause when it always breaks at once', async () => {
    const { clock, wire, opened } = bench()
    const connection = await opened()
    wire.onAttempt = (attempt) => void attempt.accept().end(ioError())
    await connection.end(ioError())
    await clock.advance(60_000)
    expect(wire.attempts.length).toBeGreaterThan(50)
    expect(wire.attempts.length).toBeLessThan(200)
  })

  it('ends before anybody has taken it: another one is made', async () => {
    const { clock, wire, link, log } = bench()
    wire.onAttempt = (attempt) => {
      attempt.accept()
      if (wire.attempts.length === 1) attempt.events.closed(ioError())
    }
    const opening = link.open(never())
    await clock.advance(1_000)
    await opening
    expect(log.filter((line) => !line.startsWith('publish'))).toEqual(['up 2'])
  })

  it('is dropped by its user', async () => {
    const { clock, link, log, opened } = bench()
    await opened()
    const session = link.session as Session
    link.drop('a channel was silent')
    expect(session.isLive).toBe(false)
    await settle(clock)
    expect(link.trouble).toMatchObject({ code: 'DISCONNECTED', text: 'a channel was silent' })
    expect(log.slice(-2)).toEqual(['down 1 DISCONNECTED', 'publish lost DISCONNECTED'])
  })

  it('comes back although a listener throws', async () => {
    const { clock, wire, link, log, opened } = bench()
    const fail = (): never => {
      throw new Error('a defect')
    }
    link.listen({ up: () => {}, down: fail, blocked: fail })
    const connection = await opened()
    wire.last.events.blocked('memory')
    wire.onAttempt = (attempt) => attempt.accept()
    await connection.end(ioError())
    await clock.advance(1_000)
    expect(log.filter((line) => line.includes('has thrown'))).toHaveLength(2)
    expect(log.slice(-2)).toEqual(['up 2', 'publish ready'])
  })
})

describe('silence', () => {
  it('ends the session after one and a half heartbeats; every byte moves that on', async () => {
    const { clock, wire, link, opened } = bench()
    const connection = await opened(10)
    const session = link.session as Session
    const from = clock.monotonic()
    expect(session.aliveUntilMs).toBe(from + 15_000)
    await clock.advance(14_000)
    wire.last.events.received()
    expect(session.aliveUntilMs).toBe(from + 29_000)
    await clock.advance(15_000)
    expect([session.isLive, link.session]).toEqual([true, session])
    await clock.advance(1)
    expect([session.isLive, link.session]).toEqual([false, session])
    await clock.advance(2_500)
    expect([connection.beats, link.trouble?.text]).toEqual([11, 'nothing came from the broker for more than 15 s'])
  })

  it('is ended by the byte that comes too late, before it is looked at', async () => {
    const { clock, wire, link, opened } = bench()
    await opened(10)
    const session = link.session as Session
    await clock.advance(14_000)
    // The process stands still: the next timer is late, and what has come in meanwhile is seen first.
    const heard = wire.last.events
    await clock.advance(1_001)
    heard.received()
    expect(session.aliveUntilMs).toBeLessThan(clock.monotonic())
    await settle(clock)
    expect(link.session).toBeUndefined()
  })

  it('says nothing where there is no heartbeat', async () => {
    const { clock, link, opened } = bench()
    await opened(0)
    await clock.advance(86_400_000)
    expect(link.session).toMatchObject({ epoch: 1, isLive: true, aliveUntilMs: Infinity })
    expect(clock.pending).toBe(0)
  })
})

describe('a broker that takes nothing', () => {
  it('is told, and so is its end', async () => {
    const { wire, link, log, opened } = bench()
    await opened()
    log.splice(0)
    wire.last.events.blocked('low on memory')
    expect([link.isBlocked, link.trouble]).toEqual([true, undefined])
    wire.last.events.unblocked()
    expect(link.isBlocked).toBe(false)
    expect(log).toEqual(['publish blocked BLOCKED', 'blocked', 'publish ready', 'unblocked'])
  })

  it('is told in place of ready when it was so before, and forgotten with its connection', async () => {
    const { clock, wire, link, log } = bench()
    wire.onAttempt = (attempt) => {
      attempt.accept()
      attempt.events.blocked('disk')
    }
    await link.open(never())
    expect(log).toEqual(['publish connecting', 'blocked', 'up 1', 'publish blocked BLOCKED'])
    wire.onAttempt = (attempt) => attempt.accept()
    await wire.last.connection?.end(ioError())
    expect(link.isBlocked).toBe(false)
    await clock.advance(1_000)
    expect(log.at(-1)).toBe('publish ready')
  })
})
