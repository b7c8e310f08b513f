import { afterEach, describe, expect, it } from 'vitest'
import * as amqp from './frames.js'
import { endBrokers, listener, message, openConnection } from './open-connection.js'
import { queueFacts } from './scripted-server.js'

const { id, method } = amqp

afterEach(endBrokers)

describe('a channel', () => {
  it('ends alone when the broker ends it', async () => {
    const { connection, channelEvents, log, peer } = await openConnection()
    const one = await connection.openChannel(channelEvents('one'))
    const two = await connection.openChannel(channelEvents('two'))
    peer.answer(id.queueDeclare, ({ channel }) => amqp.channelClose(channel, 404, "NOT_FOUND - no queue 'q'"))
    const refused = { kind: 'server', scope: 'channel', replyCode: 404, message: "NOT_FOUND - no queue 'q'" }
    const [first, second] = await Promise.allSettled([one.checkQueue('q'), one.sync()])
    expect(first).toMatchObject({ reason: refused })
    expect(second).toMatchObject({ reason: refused })
    expect(log).toEqual(['one closed: server 404'])
    expect([one.isOpen, two.isOpen]).toEqual([false, true])
    await two.sync()
    peer.send(amqp.channelClose(2, 406, 'unknown delivery tag'))
    await expect.poll(() => log).toContain('two closed: server 406')
    await (await connection.openChannel(channelEvents('three'))).sync()
  })

  it('tells of no end when it could not be opened', async () => {
    const { connection, channelEvents, log, peer } = await openConnection()
    peer.answer(id.confirmSelect, ({ channel }) => amqp.channelClose(channel, 540, 'NOT_IMPLEMENTED'))
    await expect(connection.openConfirmChannel(channelEvents('one'))).rejects.toMatchObject({ replyCode: 540 })
    expect(log).toEqual([])
  })

  it('refuses what AMQP cannot carry, and lives on', async () => {
    const { connection, channelEvents } = await openConnection()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    await expect(channel.checkQueue('q'.repeat(256))).rejects.toMatchObject({ kind: 'message', scope: 'message' })
    const odd = { durable: true, arguments: { 'x-max-length': Number.NaN } }
    const [refused, next] = await Promise.allSettled([channel.declareQueue('q', odd), channel.sync()])
    expect(refused).toMatchObject({ reason: { kind: 'message' } })
    expect(next).toMatchObject({ status: 'fulfilled' })
    const large = { properties: { headers: { note: 'x'.repeat(70_000) } } }
    expect(() => channel.publishConfirmed(message(large))).toThrow(expect.objectContaining({ replyCode: 311 }))
    expect(() => channel.publish(message({ routingKey: 'k'.repeat(256) }))).toThrow(
      expect.objectContaining({ kind: 'message', replyCode: undefined }),
    )
    expect(channel.publishConfirmed(message())).toBe(1)
    await channel.sync()
  })

  it('hands over deliveries from the first on, and cancels as often as the broker likes', async () => {
    const { connection, channelEvents, peer } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    const consumer = listener()
    peer.answer(id.consume, () =>
      Buffer.concat([method(1, id.consumeOk, amqp.short('t')), amqp.delivery(1, 't', 7, Buffer.from('first'))]),
    )
    expect(await channel.consume('q', { noAck: false }, consumer)).toBe('t')
    expect(consumer.deliveries).toMatchObject([{ tag: 7, redelivered: false, exchange: 'exchange', routingKey: 'key' }])
    const cancel = method(1, id.cancel, amqp.short('t'), amqp.u8(1))
    peer.send(cancel, cancel, method(1, id.cancel, amqp.short('other'), amqp.u8(1)))
    await channel.sync()
    expect(consumer.heard).toEqual(['first', 'cancelled'])
  })

  it('does not let its farewell overtake its requests', async () => {
    const { connection, channelEvents, peer, log } = await openConnection()
    const channel = await connection.openChannel(channelEvents('one'))
    peer.answer(id.queueDeclare, () => queueFacts(1, 'q'))
    const facts = [channel.checkQueue('q'), channel.checkQueue('q'), channel.checkQueue('q')]
    const closing = channel.close()
    expect(channel.isOpen).toBe(false)
    await expect(channel.sync()).rejects.toMatchObject({ kind: 'closed', scope: 'channel' })
    expect(await Promise.all(facts)).toHaveLength(3)
    await closing
    await channel.close()
    expect(log).toEqual(['one closed: closed'])
  })

  it('says when there is no number for it', async () => {
    const { connection, channelEvents } = await openConnection()
    const opened = await Promise.all(Array.from({ length: 2_047 }, () => connection.openChannel(channelEvents(''))))
    await expect(connection.openChannel(channelEvents(''))).rejects.toMatchObject({ kind: 'message', replyCode: 506 })
    await opened[5]?.close()
    // The number comes free when the old channel's frames are out.
    await expect.poll(() => connection.openChannel(channelEvents('')).then((channel) => channel.isOpen)).toBe(true)
  })

  it('uses no number again before everything of the old channel is out', async () => {
    const { connection, channelEvents, peer } = await openConnection()
    const one = await connection.openConfirmChannel(channelEvents('one'))
    // The broker ends the channel while megabytes of it wait for the socket, and reads nothing for a while.
    peer.socket.pause()
    const body = Buffer.alloc(100_000)
    for (let count = 0; count < 100; count += 1) one.publishConfirmed(message({ content: body }))
    const numbers: number[] = []
    void (async () => {
      for (;;) numbers.push((await peer.next(id.channelOpen)).channel)
    })()
    peer.send(amqp.channelClose(1, 404, 'NOT_FOUND'))
    await expect.poll(() => one.isOpen).toBe(false)
    const opening = connection.openConfirmChannel(channelEvents('two'))
    peer.socket.resume()
    await opening
    await peer.next(id.channelCloseOk)
    expect(numbers).toEqual([1, 2])
    await connection.openChannel(channelEvents('three'))
    expect(numbers).toEqual([1, 2, 1])
  })
})

describe('a confirm channel', () => {
  it('counts its publishes and tells what the broker says of them', async () => {
    const { connection, channelEvents, log, peer } = await openConnection()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    const tags = Array.from({ length: 5 }, () => channel.publishConfirmed(message()))
    expect(tags).toEqual([1, 2, 3, 4, 5])
    await channel.sync()
    const returned = method(
      1,
      id.returned,
      amqp.u16(312),
      amqp.short('NO_ROUTE'),
      amqp.short('orders'),
      amqp.short('0'),
    )
    peer.send(amqp.confirm(1, 2), returned, amqp.content(1, Buffer.from('abc')), amqp.confirm(1, 1))
    peer.send(method(1, id.nack, amqp.u64(3), amqp.u8(0)), amqp.confirm(1, 5, true))
    await channel.sync()
    expect(log).toEqual(['one ack 2', 'one returned: 312', 'one ack 1', 'one nack 3', 'one ack 5 multiple'])
  })

  it.each([
    ['0', 0n],
    ['one too many', 2n],
    ['far away', 2n ** 63n],
  ])('ends the connection when a confirm is for nothing that was published: %s', async (_what, tag) => {
    const { connection, channelEvents, closed, log, peer } = await openConnection()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    channel.publishConfirmed(message())
    await channel.sync()
    peer.send(method(1, id.ack, amqp.u64(tag), amqp.u8(1)))
    expect(await closed).toMatchObject({ kind: 'protocol' })
    expect(log).toEqual(['one closed: protocol', 'closed'])
  })

  it('writes bytes of headers as bytes, whatever kind of array they are in', async () => {
    const { connection, channelEvents, peer } = await openConnection()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    const headers = { key: new Uint8Array([1, 2, 3, 4]).subarray(1, 3), text: 'x' }
    channel.publishConfirmed(message({ properties: { headers } }))
    await peer.next(id.publish)
    const { payload } = await peer.next(0)
    expect(payload.toString('latin1')).toContain('\u0003keyx\0\0\0\u0002\u0002\u0003')
    expect(headers.key).toHaveLength(2)
  })
})
