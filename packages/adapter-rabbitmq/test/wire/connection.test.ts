import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Connected } from './connect-to.js'
import { watchRunTime } from '../run-time.js'
import * as amqp from './frames.js'
import { endBrokers, listener, message, openConnection } from './open-connection.js'
import { gotten, type Peer } from './scripted-server.js'

const { id, method } = amqp

afterEach(endBrokers)

describe('the end of a connection', () => {
  it('is told once, after its channels, whatever ends it', async () => {
    const ends: readonly [string, (connected: Connected & { peer: Peer }) => unknown, object][] = [
      ['a farewell of this side', ({ connection }) => connection.close(1_000), { kind: 'closed' }],
      ['this side', ({ connection }) => connection.destroy('why'), { kind: 'closed', message: 'why' }],
      ['the broker', ({ peer }) => peer.send(amqp.close(320, 'forced')), { kind: 'server', replyCode: 320 }],
      ['a fault', ({ peer }) => peer.send(amqp.close(505, 'fault')), { kind: 'server', replyCode: 505 }],
      ['a hang-up', ({ peer }) => peer.socket.end(), { kind: 'io' }],
      ['a reset', ({ peer }) => peer.socket.resetAndDestroy(), { kind: 'io', errno: 'ECONNRESET' }],
      ['nonsense', ({ peer }) => peer.socket.write('x'.repeat(100)), { kind: 'protocol' }],
      ['a frame for nobody', ({ peer }) => peer.send(amqp.channelClose(9, 404, 'x')), { kind: 'protocol' }],
    ]
    for (const [what, end, reason] of ends) {
      const connected = await openConnection()
      const { connection, channelEvents, closed, log, peer } = connected
      await connection.openChannel(channelEvents('one'))
      await connection.openConfirmChannel(channelEvents('two'))
      const gone = once(peer.socket, 'close')
      void end(connected)
      expect(await closed, what).toMatchObject({ scope: 'connection', ...reason })
      await gone
      expect(
        log.map((line) => line.replace(/:.*/, '')),
        what,
      ).toEqual(
        expect.toSatisfy(
          (lines: string[]) => [...lines].sort().join() === 'closed,one closed,two closed' && lines[2] === 'closed',
        ),
      )
    }
  })

  it('rejects what is under way with its reason, and what comes later', async () => {
    const { connection, channelEvents, peer } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    const waiting = [
      channel.declareQueue('a', { durable: true, arguments: {} }),
      channel.checkQueue('b'),
      channel.consume('c', { noAck: false }, listener()),
      connection.openChannel(channelEvents('two')).then((two) => two.get('d')),
    ]
    await peer.next(id.get)
    // The head of an answer whose rest never comes.
    peer.send(gotten(2, 1), amqp.close(320, 'forced'))
    for (const one of waiting) await expect(one).rejects.toMatchObject({ kind: 'server', replyCode: 320 })
    await expect(channel.sync()).rejects.toMatchObject({ replyCode: 320 })
    await expect(connection.openChannel(channelEvents('three'))).rejects.toMatchObject({ replyCode: 320 })
    expect(channel.isOpen).toBe(false)
    channel.ack(1, false)
    channel.reject(1, true)
    channel.publish(message())
    connection.beat()
    await channel.close()
    await connection.close(1_000)
  })

  it('comes in time when the other side has fallen silent', async () => {
    const { connection, channelEvents, closed, peer } = await openConnection(1)
    const channel = await connection.openChannel(channelEvents('one'))
    peer.answer(id.channelFlow, () => Buffer.alloc(0))
    const ranMs = watchRunTime()
    await expect(channel.sync()).rejects.toMatchObject({ kind: 'io', scope: 'connection' })
    expect(await closed).toMatchObject({ message: 'Heartbeat timeout' })
    expect(ranMs()).toBeLessThan(4_000)
    await once(peer.socket, 'close')
  })

  it('does not wait for the answer to a farewell for ever, alarm or not', async () => {
    for (const alarm of [false, true]) {
      const { connection, channelEvents, closed, peer } = await openConnection()
      await connection.openChannel(channelEvents('one'))
      if (alarm) peer.send(method(0, id.blocked, amqp.short('memory')))
      await connection.openChannel(channelEvents('two'))
      for (const silent of [id.close, id.channelClose]) peer.answer(silent, () => Buffer.alloc(0))
      const ranMs = watchRunTime()
      await connection.close(100)
      expect(ranMs()).toBeLessThan(1_000)
      expect(await closed).toMatchObject({ kind: 'closed' })
    }
  })

  it('sends everything that was written before its farewell, also while the broker takes nothing', async () => {
    const { connection, channelEvents, log, peer } = await openConnection()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    const other = await connection.openChannel(channelEvents('two'))
    peer.send(method(0, id.blocked, amqp.short('memory')))
    await expect.poll(() => log).toContain('blocked: memory')
    const order: number[] = []
    for (const one of [id.publish, id.ack, id.channelClose, id.close]) {
      void (async () => {
        for (;;) order.push((await peer.next(one)).method)
      })()
    }
    for (let count = 0; count < 500; count += 1) channel.publishConfirmed(message())
    for (let tag = 1; tag <= 100; tag += 1) other.ack(tag, false)
    await connection.close(2_000)
    const count = (wanted: number): number => order.filter((one) => one === wanted).length
    expect([id.publish, id.ack, id.channelClose, id.close].map(count)).toEqual([500, 100, 2, 1])
    expect(order.at(-1)).toBe(id.close)
  })

  it('follows when a listener throws, with what it threw', async () => {
    const { connection, channelEvents, closed, peer } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    const thrown = new Error('a defect')
    const fail = (): never => {
      throw thrown
    }
    const tag = await channel.consume('q', { noAck: false }, { delivered: fail, cancelled: fail })
    peer.send(amqp.delivery(1, tag, 1, Buffer.from('x')))
    expect(await closed).toMatchObject({ kind: 'closed', cause: thrown })
  })

  it('keeps what has come in from being looked at', async () => {
    const connected = await openConnection()
    const { connection, channelEvents, closed, peer } = connected
    const channel = await connection.openChannel(channelEvents('one'))
    const consumer = listener()
    const tag = await channel.consume('q', { noAck: false }, consumer)
    peer.send(amqp.delivery(1, tag, 1, Buffer.from('early')))
    await expect.poll(() => consumer.heard).toEqual(['early'])
    connected.onReceived = () => connection.destroy('too late')
    peer.send(amqp.delivery(1, tag, 2, Buffer.from('late')))
    expect(await closed).toMatchObject({ message: 'too late' })
    expect(consumer.heard).toEqual(['early'])
  })
})

describe('the socket of a connection', () => {
  const socketOf = ({ connection }: Connected): Socket =>
    (connection as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream

  it('goes soon after the broker has closed, also when the broker takes nothing any more', async () => {
    const connected = await openConnection()
    const { closed, peer } = connected
    peer.send(amqp.close(320, 'forced'))
    peer.socket.pause()
    expect(await closed).toMatchObject({ replyCode: 320 })
    await once(socketOf(connected), 'close')
  })

  it('is missed when it goes without an error', async () => {
    const connected = await openConnection(1)
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    socketOf(connected).destroy()
    expect(await connected.closed).toMatchObject({ kind: 'io' })
    expect(timers()).toBeLessThan(before)
  })
})

describe('what no broker sends', () => {
  it('keeps what follows it from being looked at', async () => {
    const { connection, channelEvents, closed, peer } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    const consumer = listener()
    const tag = await channel.consume('q', { noAck: false }, consumer)
    peer.send(amqp.delivery(1, 'nobody', 1, Buffer.from('x')), amqp.delivery(1, tag, 2, Buffer.from('y')))
    await closed
    expect(consumer.heard).toEqual([])
  })

  it.each([
    ['a delivery to nobody', () => amqp.delivery(1, 'nobody', 1, Buffer.from('x'))],
    ['content without a delivery', () => amqp.content(1, Buffer.from('x'))],
    ['an answer to nothing', () => method(1, id.channelFlowOk, amqp.u8(1))],
    ['more content than announced', () => Buffer.concat([head(2n), amqp.frame(amqp.BODY, 1, Buffer.from('xxx'))])],
    ['a message of 2^40 bytes', () => head(2n ** 40n)],
    [
      'a message of a negative size',
      () => Buffer.concat([head(2n ** 63n), amqp.frame(amqp.BODY, 1, Buffer.from('x'))]),
    ],
    ['content of nothing', () => Buffer.concat([head(2n), amqp.frame(amqp.BODY, 1, Buffer.alloc(0))])],
    ['a frame type that does not exist', () => amqp.frame(77, 1, Buffer.from('x'))],
    ['a method that does not exist', () => method(1, 0x77_0077)],
    ['a method of a client', () => method(1, id.consume)],
    ['a broken frame end', () => Buffer.from('0800000000000000', 'hex')],
    ['a frame of 16 MB', () => Buffer.from('01000100ffffff', 'hex')],
  ])('ends the connection, and nothing else: %s', async (_what, bytes) => {
    const { connection, channelEvents, closed, peer } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    await channel.consume('q', { noAck: false }, listener())
    peer.send(bytes())
    expect(await closed).toMatchObject({ kind: 'protocol', scope: 'connection' })
    await once(peer.socket, 'close')
  })

  const head = (size: bigint): Buffer =>
    Buffer.concat([
      method(1, id.deliver, amqp.short('tag-1'), amqp.u64(1), amqp.u8(0), amqp.short(''), amqp.short('')),
      amqp.frame(amqp.HEADER, 1, Buffer.concat([amqp.u16(60), amqp.u16(0), amqp.u64(size), amqp.u16(0)])),
    ])
})
