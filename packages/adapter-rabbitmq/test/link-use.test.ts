import { describe, expect, it } from 'vitest'
import type { LinkListener } from '../src/link.js'
import { bench, failure, never, settle } from './link-bench.js'
import { ioError, serverError } from './scripted-wire.js'

describe('waiting for a session', () => {
  it('gets the one that stands, or the next', async () => {
    const { clock, wire, link, opened } = bench()
    const connection = await opened()
    expect(await link.whenUp(never())).toBe(link.session)
    await connection.end(ioError())
    const waiting = [link.whenUp(never()), link.whenUp(never())]
    wire.onAttempt = (attempt) => attempt.accept()
    await clock.advance(1_000)
    expect(await Promise.all(waiting)).toEqual([link.session, link.session])
  })

  it('ends with its signal, and when the link is closed', async () => {
    const { clock, link, opened } = bench()
    await (await opened()).end(serverError(320, 'forced'))
    const abort = new AbortController()
    const [late, closed] = [failure(link.whenUp(abort.signal)), failure(link.whenUp(never()))]
    abort.abort()
    expect(await late).toMatchObject({ code: 'DISCONNECTED', text: 'forced' })
    expect(await failure(link.whenUp(abort.signal))).toMatchObject({ text: 'forced' })
    await link.close(never())
    expect(await closed).toMatchObject({ code: 'CLOSED' })
    expect(await failure(link.whenUp(never()))).toMatchObject({ code: 'CLOSED' })
    expect(clock.pending).toBe(0)
  })

  it('is not needed by a listener: one that comes later gets the session too, unless it has left', async () => {
    const { clock, link, opened } = bench()
    await opened()
    const log: string[] = []
    const listener = (name: string): LinkListener => ({
      up: ({ epoch }) => void log.push(`${name} ${epoch}`),
      down: () => {},
    })
    link.listen(listener('one'))
    link.listen(listener('two'))()
    expect(log).toEqual([])
    await settle(clock)
    expect(log).toEqual(['one 1'])
  })
})

describe('a channel for one piece of work', () => {
  it('is closed afterwards, whatever came of it', async () => {
    const { clock, link, opened } = bench()
    const connection = await opened()
    expect(await link.onChannel(() => Promise.resolve(7), never())).toBe(7)
    const refused = link.onChannel(() => Promise.reject(serverError(404, 'no queue', 'channel')), never())
    expect(await failure(refused)).toMatchObject({ code: 'UNKNOWN_TOPIC', scope: 'topic', text: 'no queue' })
    const own = new Error('of the caller')
    expect(await failure(link.onChannel(() => Promise.reject(own), never()))).toBe(own)
    await settle(clock)
    expect(connection.channels.map(({ closed }) => closed)).toEqual([true, true, true])
  })

  it('ends with its signal, and is closed also when it opens later', async () => {
    const { clock, link, opened } = bench()
    const connection = await opened()
    let open = (): void => {}
    connection.opening = new Promise<void>((resolve) => (open = resolve))
    const abort = new AbortController()
    const late = failure(link.onChannel(() => new Promise(() => {}), abort.signal))
    await settle(clock)
    abort.abort()
    expect(await late).toMatchObject({ code: 'TIMEOUT', retryable: true })
    open()
    await settle(clock)
    expect(connection.channels.map(({ closed }) => closed)).toEqual([true])
  })

  it('ends with its connection', async () => {
    const { clock, link, opened } = bench()
    const connection = await opened()
    const end = ioError('ECONNRESET')
    connection.opening = Promise.reject(end)
    expect(await failure(link.onChannel(() => Promise.resolve(), never()))).toMatchObject({
      code: 'DISCONNECTED',
      scope: 'connection',
      retryable: true,
    })
    await settle(clock)
  })
})

describe('closing', () => {
  it('says farewell, tells listeners and not core, and ends everything', async () => {
    const { clock, link, log, opened } = bench()
    const connection = await opened()
    log.splice(0)
    const closing = link.close(never())
    const waiting = failure(link.onChannel(() => Promise.resolve(), never()))
    await closing
    await link.close(never())
    expect(await waiting).toMatchObject({ code: 'CLOSED' })
    expect([connection.farewells, log]).toEqual([1, ['down 1 CLOSED']])
    await clock.advance(60_000)
    expect([link.session, clock.pending]).toEqual([undefined, 0])
  })

  it('ends an attempt under way, and a pause between two', async () => {
    for (const refused of [false, true]) {
      const { clock, wire, link, opened } = bench(undefined, () => 0.999)
      await (await opened()).end(ioError())
      if (refused) wire.onAttempt = (attempt) => attempt.refuse(ioError())
      await clock.advance(refused ? 5_000 : 500)
      await link.close(never())
      expect(wire.last.signal.aborted || refused).toBe(true)
      expect(clock.pending).toBe(0)
    }
  })

  it('cuts the connection when its signal aborts', async () => {
    const { link, opened } = bench()
    const connection = await opened()
    let end = (): void => {}
    connection.close = () => new Promise((resolve) => (end = resolve))
    const abort = new AbortController()
    const closing = link.close(abort.signal)
    abort.abort()
    expect(connection.reason).toMatchObject({ message: 'closed without a farewell' })
    end()
    await closing
  })

  it('may come before anything was opened', async () => {
    const { link, wire } = bench()
    await link.close(never())
    expect(await failure(link.open(never()))).toMatchObject({ code: 'CLOSED' })
    expect(wire.attempts).toEqual([])
  })
})
