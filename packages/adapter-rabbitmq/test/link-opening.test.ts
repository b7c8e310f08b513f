import { adapterError } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { bench, failure, never, settle } from './link-bench.js'
import { ioError, type ScriptedWire, serverError } from './scripted-wire.js'
import { target } from './wire/connect-to.js'

describe('opening', () => {
  it('tells that it connects, and is ready when its listeners are', async () => {
    const { clock, wire, link, log } = bench()
    let done = (): void => {}
    link.listen({ up: () => new Promise((resolve) => (done = resolve)), down: () => {} })
    let open = false
    const opening = link.open(never()).then(() => (open = true))
    expect(log).toEqual([])
    await settle(clock)
    expect(log).toEqual(['publish connecting'])
    wire.last.accept()
    await settle(clock)
    expect([log, open]).toEqual([['publish connecting', 'up 1'], false])
    expect(link.session).toMatchObject({ epoch: 1, isLive: true })
    done()
    await opening
    expect(log).toEqual(['publish connecting', 'up 1', 'publish ready'])
    expect([link.trouble, link.isBlocked]).toEqual([undefined, false])
  })

  it.each([
    [403, 'ACCESS_REFUSED - Login was refused'],
    [530, 'NOT_ALLOWED - vhost nope not found'],
  ])('fails at once on what only a person can mend: %i', async (replyCode, text) => {
    const { clock, wire, link, log } = bench()
    wire.onAttempt = (attempt) => attempt.refuse(serverError(replyCode, text))
    expect(await failure(link.open(never()))).toMatchObject({ code: 'DENIED', fatal: true, text })
    expect(log).toEqual(['publish connecting', 'publish lost DENIED'])
    await clock.advance(60_000)
    expect(wire.attempts).toHaveLength(1)
    expect(await failure(link.open(never()))).toMatchObject({ code: 'CLOSED' })
    expect(clock.pending).toBe(0)
  })

  it('tries again on what passes, and rejects with the last trouble when its signal aborts', async () => {
    const { clock, wire, link, log } = bench()
    const abort = new AbortController()
    const failed = failure(link.open(abort.signal))
    const errors = [ioError(), serverError(320), ioError('ETIMEDOUT')]
    wire.onAttempt = (attempt) => attempt.refuse(errors[wire.attempts.length - 1] ?? ioError('ENOTFOUND'))
    await clock.advance(10_000)
    const tries = wire.attempts.length
    expect(tries).toBeGreaterThan(10)
    abort.abort()
    expect(await failed).toMatchObject({ code: 'DISCONNECTED', text: 'ENOTFOUND', fatal: false })
    await clock.advance(60_000)
    expect(wire.attempts).toHaveLength(tries)
    expect(clock.pending).toBe(0)
    // Only a new kind of trouble is news.
    expect(log).toEqual(
      [
        'connecting',
        'lost DISCONNECTED',
        'connecting',
        'lost TIMEOUT',
        'connecting',
        'lost DISCONNECTED',
        'connecting',
      ].map((state) => `publish ${state}`),
    )
  })

  it('leaves nothing behind when it is given up under way', async () => {
    for (const accepted of [false, true]) {
      const { clock, wire, link } = bench()
      link.listen({ up: () => new Promise(() => {}), down: () => {} })
      const abort = new AbortController()
      const failed = failure(link.open(abort.signal))
      await settle(clock)
      const connection = accepted ? wire.last.accept() : undefined
      await settle(clock)
      abort.abort()
      expect(await failed).toMatchObject({ code: 'TIMEOUT' })
      await settle(clock)
      expect(wire.last.signal.aborted || connection !== undefined).toBe(true)
      expect([link.session, clock.pending]).toEqual([undefined, 0])
    }
    const { link, wire } = bench()
    expect(await failure(link.open(AbortSignal.abort()))).toMatchObject({ code: 'TIMEOUT' })
    expect(wire.attempts).toEqual([])
  })

  it('drops a connection that a listener cannot use, and makes another one', async () => {
    const { clock, wire, link, log } = bench()
    wire.onAttempt = (attempt) => attempt.accept()
    let tries = 0
    link.listen({
      up: async (session) => {
        await Promise.resolve()
        tries += 1
        if (tries < 3) throw adapterError('BLOCKED', `not on ${session.epoch}`)
      },
      down: () => {},
    })
    const opening = link.open(never())
    await clock.advance(5_000)
    await opening
    expect(link.session?.epoch).toBe(3)
    expect(log.filter((line) => line.startsWith('down'))).toEqual(['down 1 DISCONNECTED', 'down 2 DISCONNECTED'])
    expect(log.filter((line) => line === 'publish ready')).toHaveLength(1)
  })

  it('fails when a listener says that only a person can mend it', async () => {
    const { clock, wire, link } = bench()
    wire.onAttempt = (attempt) => attempt.accept()
    link.listen({
      up: () => Promise.reject(adapterError('DENIED', 'no right to publish', { fatal: true })),
      down: () => {},
    })
    expect(await failure(link.open(never()))).toMatchObject({ code: 'DENIED', text: 'no right to publish' })
    await clock.advance(60_000)
    expect([wire.attempts.length, link.session]).toEqual([1, undefined])
  })
})

describe('several addresses', () => {
  const three = [target(1), target(2), target(3)]
  const ports = ({ attempts }: ScriptedWire): readonly number[] => attempts.map((attempt) => attempt.target.port)

  it('are tried one after the other without a pause, and the one that answers is kept', async () => {
    const { clock, wire, opened } = bench(three, () => 0.999)
    wire.onAttempt = (attempt) => (attempt.target.port === 3 ? attempt.accept() : attempt.refuse(ioError()))
    const connection = await opened().catch(() => undefined)
    expect(connection).toBeDefined()
    expect(ports(wire)).toEqual([1])
    wire.onAttempt = (attempt) => void (attempt.target.port === 3 ? attempt.accept() : attempt.refuse(ioError()))
    await connection?.end(ioError())
    await clock.advance(100)
    expect(ports(wire)).toEqual([1, 1, 2, 3])
    await wire.last.connection?.end(ioError())
    await clock.advance(200)
    expect(ports(wire)).toEqual([1, 1, 2, 3, 3])
  })

  it('have another order in each client', async () => {
    const firsts = new Set<number>()
    for (const random of [0, 0.4, 0.999]) {
      const { clock, wire, link } = bench(three, () => random)
      const abort = new AbortController()
      wire.onAttempt = (attempt) => void (wire.attempts.length > 1 && attempt.refuse(ioError('ETIMEDOUT')))
      const failed = failure(link.open(abort.signal))
      await clock.advance(4_000)
      abort.abort()
      await failed
      expect([...ports(wire)].sort()).toEqual([1, 2, 3])
      firsts.add(ports(wire)[0] ?? 0)
    }
    expect(firsts.size).toBe(3)
  })

  it('get quick attempts beside one that has no answer, until one has', async () => {
    const { clock, wire, link, log } = bench(three, () => 0.999)
    const opening = link.open(never())
    await clock.advance(1_499)
    expect(ports(wire)).toEqual([1])
    await clock.advance(1)
    expect(ports(wire)).toEqual([1, 2])
    expect(wire.last.target.connectTimeoutMs).toBe(1_500)
    wire.last.refuse(ioError('ETIMEDOUT'))
    await clock.advance(1_500)
    expect(ports(wire)).toEqual([1, 2, 3])
    expect(wire.attempts[0]?.signal.aborted).toBe(false)
    wire.last.accept()
    await opening
    expect(wire.attempts[0]?.signal.aborted).toBe(true)
    expect(log).toEqual(['publish connecting', 'up 1', 'publish ready'])
    await clock.advance(9_000)
    expect(wire.attempts).toHaveLength(3)
    await wire.last.connection?.end(ioError())
    await clock.advance(1_000)
    expect(wire.last.target.port).toBe(3)
  })

  it('get the slow answer when the quick attempts have none, and give back what is too much', async () => {
    const { clock, wire, link } = bench([target(1)])
    const opening = link.open(never())
    await clock.advance(1_500)
    const quick = wire.last
    wire.attempts[0]?.accept()
    const late = quick.accept()
    await opening
    await settle(clock)
    expect(link.session?.connection).toBe(wire.attempts[0]?.connection)
    expect(late.reason).toMatchObject({ message: 'another attempt was quicker' })
    await clock.advance(1_000)
    expect(link.session?.isLive).toBe(true)
  })
})
