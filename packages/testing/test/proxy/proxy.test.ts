import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startFaultProxy, type FaultProxy } from '../../src/index.js'
import { hear, openClient, startPlainBroker, type Heard, type PlainBroker } from './sockets.js'

let broker: PlainBroker
let proxy: FaultProxy
const clients: Heard[] = []

beforeEach(async () => {
  broker = await startPlainBroker()
  proxy = await startFaultProxy(broker)
})
afterEach(async () => {
  await proxy.close()
  for (const { socket } of clients.splice(0)) socket.destroy()
  broker.close()
})

async function pair(): Promise<{ client: Heard; server: Heard }> {
  const client = await openClient(proxy.port)
  clients.push(client)
  return { client, server: await broker.next() }
}

/** Long enough for anything that would have come over loopback to have come. */
const quietMs = 60
const soon = <T>(look: () => T): Promise<T> => vi.waitFor(look, { timeout: 5000, interval: 2 })

describe('without a fault', () => {
  test('bytes pass both ways, and an end passes each way by itself', async () => {
    const { client, server } = await pair()
    client.socket.write('question')
    await soon(() => expect(server.text()).toBe('question'))
    client.socket.end()
    await soon(() => expect(server.ends).toEqual(['FIN']))
    server.socket.end('late answer')
    await soon(() => expect([client.text(), client.ends]).toEqual(['late answer', ['FIN']]))
    await soon(() => expect(proxy.counters).toMatchObject({ accepted: 1, open: 0 }))
    expect(proxy.counters.bytes).toEqual({ toBroker: 8, toClient: 11 })
  })

  test('a reset passes on as a reset', async () => {
    const { client, server } = await pair()
    server.socket.resetAndDestroy()
    await soon(() => expect(client.ends).toEqual(['RST']))
    const other = await pair()
    other.client.socket.resetAndDestroy()
    await soon(() => expect(other.server.ends).toEqual(['RST']))
    await soon(() => expect(proxy.connections).toEqual([]))
  })

  test('64 MiB pass unchanged through a receiver that stops for a while, and are not kept', async () => {
    const { client, server } = await pair()
    server.socket.pause()
    const block = Buffer.alloc(1024 * 1024, 'x')
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 5)
    const writing = (async () => {
      for (let count = 0; count < 64; count += 1) {
        if (!client.socket.write(block)) await once(client.socket, 'drain')
      }
    })()
    await delay(200)
    const held = proxy.counters.bytes.toBroker
    expect(held).toBeLessThan(32 * 1024 * 1024)
    server.socket.removeAllListeners('data')
    let received = 0
    server.socket.on('data', (bytes: Buffer) => (received += bytes.length)).resume()
    await writing
    await soon(() => expect(received).toBe(64 * 1024 * 1024))
    clearInterval(watch)
    expect(most - before).toBeLessThan(48 * 1024 * 1024)
  })

  test('a broker that is not there resets the client, and retarget leads the next one elsewhere', async () => {
    const elsewhere = await startPlainBroker()
    broker.close()
    const lost = await openClient(proxy.port)
    clients.push(lost)
    await soon(() => expect(lost.ends).toEqual(['RST']))
    proxy.retarget(elsewhere)
    const client = await openClient(proxy.port)
    clients.push(client)
    client.socket.write('found')
    const server = await elsewhere.next()
    await soon(() => expect(server.text()).toBe('found'))
    elsewhere.close()
  })

  test('connections know their ports at both sides', async () => {
    const { client, server } = await pair()
    const [connection] = proxy.connections
    expect(connection).toMatchObject({ id: 1, open: true, clientPort: client.socket.localPort })
    expect(connection?.brokerSidePort).toBe(server.socket.remotePort)
  })
})

describe('ending connections', () => {
  test('cut resets both sides of all connections, or of one', async () => {
    const first = await pair()
    const second = await pair()
    proxy.connections[0]?.cut()
    await soon(() => expect([first.client.ends, first.server.ends]).toEqual([['RST'], ['RST']]))
    second.client.socket.write('alive')
    await soon(() => expect(second.server.text()).toBe('alive'))
    proxy.cut()
    await soon(() => expect([second.client.ends, second.server.ends]).toEqual([['RST'], ['RST']]))
    expect(proxy.counters.open).toBe(0)
  })

  test('end ends both sides in good order', async () => {
    const { client, server } = await pair()
    proxy.end()
    await soon(() => expect([client.ends, server.ends]).toEqual([['FIN'], ['FIN']]))
    client.socket.end('ignored')
    server.socket.end()
    await soon(() => expect(proxy.counters.open).toBe(0))
    expect(server.text()).toBe('')
  })

  test('refuse by reset: new ones are reset, open ones stay', async () => {
    const { client, server } = await pair()
    const undo = await proxy.refuse()
    const refused = hear(connect(proxy.port, '127.0.0.1'))
    clients.push(refused)
    await soon(() => expect(refused.ends).toEqual(['RST']))
    expect(proxy.counters).toMatchObject({ accepted: 1, refused: 1 })
    client.socket.write('still')
    await soon(() => expect(server.text()).toBe('still'))
    await undo()
    await undo()
    await pair()
  })

  test('refuse by a closed port: the system refuses, open ones stay, the same port opens again', async () => {
    const { client, server } = await pair()
    const { port } = proxy
    const undo = await proxy.refuse('closed-port')
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    client.socket.write('still')
    await soon(() => expect(server.text()).toBe('still'))
    await undo()
    await undo()
    expect(proxy.port).toBe(port)
    await pair()
  })

  test('cutAfter lets exactly that many bytes pass, on one connection only', async () => {
    proxy.cutAfter({ bytes: 5, direction: 'toBroker' })
    const { client, server } = await pair()
    server.socket.write('not counted')
    client.socket.write('123')
    await soon(() => expect(server.text()).toBe('123'))
    client.socket.write('456')
    await soon(() => expect([server.text(), server.ends.length, client.ends]).toEqual(['12345', 1, ['RST']]))
    const next = await pair()
    next.client.socket.write('1234567')
    await soon(() => expect(next.server.text()).toBe('1234567'))
  })

  test('cutAfter so many times, and until undone', async () => {
    const undo = proxy.cutAfter({ bytes: 0, times: 3 })
    for (let time = 0; time < 2; time += 1) {
      const { client, server } = await pair()
      client.socket.write('x')
      await soon(() => expect([client.ends, server.text()]).toEqual([['RST'], '']))
    }
    await undo()
    const { client, server } = await pair()
    client.socket.write('x')
    await soon(() => expect(server.text()).toBe('x'))
  })
})

describe('silence', () => {
  test('swallows both ways and withholds ends, then resets what has a hole', async () => {
    const { client, server } = await pair()
    const whole = await pair()
    const undo = proxy.silence()
    client.socket.write('lost')
    server.socket.write('lost as well')
    await delay(quietMs)
    server.socket.resetAndDestroy()
    await delay(quietMs)
    expect([client.text(), client.ends, server.text(), client.socket.destroyed]).toEqual(['', [], '', false])
    await undo()
    await soon(() => expect(client.ends).toEqual(['RST']))
    whole.client.socket.write('goes on')
    await soon(() => expect(whole.server.text()).toBe('goes on'))
  })

  test('withholds a FIN that comes without bytes, and hands it over afterwards', async () => {
    const { client, server } = await pair()
    const undo = proxy.silence()
    server.socket.end()
    await delay(quietMs)
    expect(client.ends).toEqual([])
    await undo()
    await soon(() => expect(client.ends).toEqual(['FIN']))
  })

  test('takes new connections, which hear nothing until it ends and have lost nothing then', async () => {
    const undo = proxy.silence()
    const client = await openClient(proxy.port)
    clients.push(client)
    client.socket.write('hello')
    await delay(quietMs)
    expect([broker.connections.length, client.ends]).toEqual([0, []])
    await undo()
    const server = await broker.next()
    await soon(() => expect(server.text()).toBe('hello'))
  })

  test.each(['toBroker', 'toClient'] as const)('%s only: the other way goes on', async (direction) => {
    const undo = proxy.silence({ direction })
    const { client, server } = await pair()
    client.socket.write('question')
    server.socket.write('answer')
    const expected = direction === 'toBroker' ? ['', 'answer'] : ['question', '']
    await soon(() => expect([server.text(), client.text()]).toEqual(expected))
    await delay(quietMs)
    expect([server.text(), client.text()]).toEqual(expected)
    await undo()
    await soon(() => expect([client.ends, server.ends]).toEqual([['RST'], ['RST']]))
  })

  test('of one connection leaves the others alone', async () => {
    const silent = await pair()
    const other = await pair()
    proxy.connections[0]?.silence()
    silent.client.socket.write('lost')
    other.client.socket.write('heard')
    await soon(() => expect(other.server.text()).toBe('heard'))
    expect(silent.server.text()).toBe('')
  })

  test('keeps nothing, and never stops reading', async () => {
    const { client } = await pair()
    proxy.silence()
    const block = Buffer.alloc(1024 * 1024)
    for (let count = 0; count < 100; count += 1) {
      if (!client.socket.write(block)) await once(client.socket, 'drain')
    }
    await soon(() => expect(client.socket.bytesWritten).toBe(100 * 1024 * 1024))
  })
})

describe('hold', () => {
  test('delivers everything later, in order, the end too', async () => {
    const { client, server } = await pair()
    const undo = proxy.hold({ direction: 'toClient' })
    server.socket.write('one ')
    await delay(quietMs)
    server.socket.end('two')
    client.socket.write('other way')
    await soon(() => expect(server.text()).toBe('other way'))
    await delay(quietMs)
    expect([client.text(), client.ends]).toEqual(['', []])
    await undo()
    await soon(() => expect([client.text(), client.ends]).toEqual(['one two', ['FIN']]))
  })

  test('several holds end with the last of them; a silence that comes meanwhile takes what waits', async () => {
    const { client, server } = await pair()
    const ends = [proxy.hold(), proxy.connections[0]?.hold()]
    client.socket.write('waits')
    await delay(quietMs)
    await ends[0]?.()
    await ends[0]?.()
    await delay(quietMs)
    expect(server.text()).toBe('')
    await ends[1]?.()
    await soon(() => expect(server.text()).toBe('waits'))

    const undoHold = proxy.hold()
    client.socket.write('taken')
    await delay(quietMs)
    const undoSilence = proxy.silence()
    await undoHold()
    await undoSilence()
    await soon(() => expect(client.ends).toEqual(['RST']))
    expect(server.text()).toBe('waits')
  })
})

describe('slow networks', () => {
  test('delay: later by so much, in order, and at once when it ends', async () => {
    const { client, server } = await pair()
    const undo = proxy.delay(80, { jitterMs: 40, direction: 'toBroker' })
    const start = performance.now()
    for (const letter of 'abcdefgh') client.socket.write(letter)
    server.socket.write('not late')
    await soon(() => expect(client.text()).toBe('not late'))
    await soon(() => expect(server.text()).toBe('abcdefgh'))
    expect(performance.now() - start).toBeGreaterThanOrEqual(79)

    const longer = proxy.delay(60_000)
    client.socket.write('ijk')
    await delay(quietMs)
    expect(server.text()).toBe('abcdefgh')
    await longer()
    await undo()
    await soon(() => expect(server.text()).toBe('abcdefghijk'))
  })

  test('slice: many small writes, nothing lost', async () => {
    const { client, server } = await pair()
    proxy.slice(1, { direction: 'toBroker' })
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(8)
    client.socket.write(text)
    await soon(() => expect(server.text()).toBe(text))
    expect(server.chunks.length).toBeGreaterThan(1)
  })

  test('bandwidth: not faster than allowed, and at once when it ends', async () => {
    const { client, server } = await pair()
    const undo = proxy.bandwidth(100_000)
    const start = performance.now()
    client.socket.write(Buffer.alloc(50_000, 'x'))
    await soon(() => expect(server.text()).toHaveLength(50_000))
    expect(performance.now() - start).toBeGreaterThan(430)
    await undo()
    client.socket.write(Buffer.alloc(5_000_000, 'x'))
    await soon(() => expect(server.text()).toHaveLength(5_050_000))
  })
})

describe('options that cannot be', () => {
  test.each([
    ['delay', () => proxy.delay(-1)],
    ['jitterMs', () => proxy.delay(1, { jitterMs: Number.NaN })],
    ['slice', () => proxy.slice(0)],
    ['bandwidth', () => proxy.bandwidth(0)],
    ['bytes', () => proxy.cutAfter({ bytes: -1 })],
    ['times', () => proxy.cutAfter({ bytes: 1, times: 0 })],
  ])('%s', (name, use) => {
    expect(use).toThrow(RangeError)
    expect(use).toThrow(name)
  })

  test('a target that is none', async () => {
    await expect(startFaultProxy({ host: '127.0.0.1' } as PlainBroker)).rejects.toThrow('no target')
    expect(() => proxy.retarget({ host: '', port: 1 })).toThrow(TypeError)
  })

  test('onFrame without a framer', () => {
    expect(() => proxy.onFrame(() => 'pass')).toThrow('framer')
  })
})
