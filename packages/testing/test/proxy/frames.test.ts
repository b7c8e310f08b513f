import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { amqpCommands, amqpFramer, asNack, startFaultProxy, type AmqpFrame, type FaultProxy } from '../../src/index.js'
import { FrameReader } from '../../src/proxy/framer.js'
import { openClient, startPlainBroker, type Heard, type PlainBroker } from './sockets.js'

const soon = <T>(look: () => T): Promise<T> => vi.waitFor(look, { timeout: 5000, interval: 2 })

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(payload.length + 8)
  bytes.writeUInt8(type, 0)
  bytes.writeUInt16BE(channel, 1)
  bytes.writeUInt32BE(payload.length, 3)
  payload.copy(bytes, 7)
  bytes.writeUInt8(0xce, payload.length + 7)
  return bytes
}

function method(channel: number, classId: number, methodId: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const ids = Buffer.alloc(4)
  ids.writeUInt16BE(classId, 0)
  ids.writeUInt16BE(methodId, 2)
  return frame(1, channel, Buffer.concat([ids, rest]))
}

function ack(tag: number, multiple = false, channel = 1): Buffer {
  const rest = Buffer.alloc(9)
  rest.writeBigUInt64BE(BigInt(tag), 0)
  rest.writeUInt8(multiple ? 1 : 0, 8)
  return method(channel, 60, 80, rest)
}

function publish(text: string, channel = 1): Buffer {
  const header = Buffer.alloc(14)
  header.writeUInt16BE(60, 0)
  header.writeBigUInt64BE(BigInt(text.length), 4)
  const half = Math.ceil(text.length / 2)
  const bodies = [text.slice(0, half), text.slice(half)]
    .filter(Boolean)
    .map((part) => frame(3, channel, Buffer.from(part)))
  return Buffer.concat([method(channel, 60, 40, Buffer.alloc(5)), frame(2, channel, header), ...bodies])
}

const greeting = Buffer.from('AMQP\u0000\u0000\u0009\u0001', 'latin1')

describe('frames of AMQP', () => {
  test('are read with what confirms are about', () => {
    const read = (bytes: Buffer): AmqpFrame => amqpFramer.read(bytes, 'toClient')
    expect(read(greeting)).toMatchObject({ kind: 'protocol-header', channel: 0 })
    expect(read(ack(2 ** 40 + 7, true, 9))).toMatchObject({
      kind: 'method',
      channel: 9,
      method: 'basic.ack',
      deliveryTag: 2 ** 40 + 7,
      multiple: true,
    })
    const deliver = Buffer.alloc(12)
    deliver.write('\u0002ab', 'latin1')
    deliver.writeBigUInt64BE(33n, 3)
    expect(read(method(3, 60, 60, deliver))).toMatchObject({
      method: 'basic.deliver',
      deliveryTag: 33,
      multiple: undefined,
    })
    expect(read(method(1, 10, 60))).toMatchObject({ method: 'connection.blocked' })
    expect(read(method(1, 77, 5))).toMatchObject({ method: '77.5' })
    expect(read(frame(8, 0, Buffer.alloc(0)))).toMatchObject({ kind: 'heartbeat' })
    expect(read(asNack(read(ack(5, true, 2))))).toMatchObject({
      method: 'basic.nack',
      channel: 2,
      deliveryTag: 5,
      multiple: true,
    })
    expect(() => asNack(read(greeting))).toThrow('basic.ack')
  })

  const stream = [
    greeting,
    publish('hello'),
    ack(1),
    publish(''),
    frame(8, 0, Buffer.alloc(0)),
    publish('x'.repeat(300)),
  ]
  const all = Buffer.concat(stream)

  test.each([1, 2, 3, 5, 7, 8, 13, 64, 10_000])('are found however the stream is cut: %i bytes at a time', (size) => {
    const reader = new FrameReader(amqpFramer)
    const parts = chunksOf(all, size).flatMap((chunk) => reader.split(chunk))
    expect(parts.every(({ isFrame }) => isFrame)).toBe(true)
    expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(all)
    expect(parts.map(({ bytes }) => amqpFramer.read(bytes, 'toBroker').kind)).toEqual([
      'protocol-header',
      ...['method', 'header', 'body', 'body'],
      'method',
      ...['method', 'header'],
      'heartbeat',
      ...['method', 'header', 'body', 'body'],
    ])
  })

  test.each([1, 3, 6, 7, 9, 50])(
    'are found after stepping over any beginning, and after looking away: %i at a time',
    (size) => {
      for (let from = 0; from < all.length; from += 1) {
        const reader = new FrameReader(amqpFramer)
        const passed: Buffer[] = []
        for (const chunk of chunksOf(all.subarray(0, from), size)) {
          reader.step(chunk)
          passed.push(chunk)
        }
        const looked = Math.min(all.length, from + 40)
        for (const { bytes } of chunksOf(all.subarray(from, looked), size).flatMap((chunk) => reader.split(chunk))) {
          passed.push(bytes)
        }
        passed.push(reader.flush())
        for (const chunk of chunksOf(all.subarray(looked), size)) {
          reader.step(chunk)
          passed.push(chunk)
        }
        expect(Buffer.concat(passed).equals(all)).toBe(true)
        // Nothing is in the middle of a frame: the next one is found whole.
        expect(reader.split(ack(99))).toEqual([{ bytes: ack(99), isFrame: true }])
      }
    },
  )

  test('that are none are told', () => {
    expect(() => new FrameReader(amqpFramer).split(Buffer.from('GET / HTTP/1.1'))).toThrow('another protocol')
  })
})

describe('hooks', () => {
  let broker: PlainBroker
  let proxy: FaultProxy<AmqpFrame>
  let client: Heard
  let server: Heard

  beforeEach(async () => {
    broker = await startPlainBroker()
    proxy = await startFaultProxy(broker, { framer: amqpFramer })
    client = await openClient(proxy.port)
    server = await broker.next()
    client.socket.write(greeting)
    await vi.waitUntil(() => server.chunks.length === 1)
  })
  afterEach(async () => {
    await proxy.close()
    client.socket.destroy()
    broker.close()
  })

  const tags = (heard: Heard): unknown[] =>
    new FrameReader(amqpFramer).split(Buffer.concat(heard.chunks)).map(({ bytes }) => {
      const { method, deliveryTag } = amqpFramer.read(bytes, 'toClient')
      return method === 'basic.ack' ? deliveryTag : `${String(method)} ${String(deliveryTag)}`
    })

  test('drop one confirm, hold another with what is behind it, replace a third', async () => {
    const undo = proxy.onFrame((direction, { deliveryTag }) => {
      if (direction === 'toBroker') return 'pass'
      return deliveryTag === 2 ? 'drop' : deliveryTag === 4 ? 'hold' : 'pass'
    })
    for (const tag of [1, 2, 3, 4, 5]) server.socket.write(ack(tag))
    await soon(() => expect(tags(client)).toEqual([1, 3]))
    await undo()
    server.socket.write(ack(6))
    proxy.release('toBroker')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(tags(client)).toEqual([1, 3])
    proxy.release()
    await soon(() => expect(tags(client)).toEqual([1, 3, 4, 5, 6]))
    proxy.onFrame((_, frame) => (frame.method === 'basic.ack' ? { replace: asNack(frame) } : 'pass'))
    server.socket.write(ack(7))
    await soon(() => expect(tags(client)).toEqual([1, 3, 4, 5, 6, 'basic.nack 7']))
  })

  test('cut before a frame: everything before it has passed, and no frame behind it is asked about', async () => {
    const asked: unknown[] = []
    proxy.onFrame((_, { deliveryTag }) => {
      asked.push(deliveryTag)
      return deliveryTag === 3 ? 'cut' : 'pass'
    })
    server.socket.write(Buffer.concat([1, 2, 3, 4, 5].map((tag) => ack(tag))))
    await soon(() => expect([client.ends.length, server.ends]).toEqual([1, ['RST']]))
    expect([tags(client), asked]).toEqual([
      [1, 2],
      [1, 2, 3],
    ])
  })

  test('cut inside a frame', async () => {
    proxy.onFrame((_, { deliveryTag }) => (deliveryTag === 2 ? { cutAt: 5 } : 'pass'))
    server.socket.write(Buffer.concat([ack(1), ack(2), ack(3)]))
    await soon(() => expect([client.ends.length, server.ends]).toEqual([1, ['RST']]))
    expect(Buffer.concat(client.chunks)).toEqual(Buffer.concat([ack(1), ack(2).subarray(0, 5)]))
  })

  test('a hook that comes in the middle of a frame is asked from the next one on', async () => {
    const [first, second] = [ack(1).subarray(0, 4), ack(1).subarray(4)]
    server.socket.write(first)
    await soon(() => expect(client.chunks).toHaveLength(1))
    const asked: unknown[] = []
    const undo = proxy.onFrame((_, { deliveryTag }) => {
      asked.push(deliveryTag)
      return 'pass'
    })
    server.socket.write(Buffer.concat([second, ack(2), first]))
    await soon(() => expect(asked).toEqual([2]))
    // What was kept because it was no whole frame goes on when nobody looks any more.
    await undo()
    server.socket.write(second)
    await soon(() => expect(tags(client)).toEqual([1, 2, 1]))
  })

  test('of a connection are asked after those of the proxy, until one decides', async () => {
    const [connection] = proxy.connections
    connection?.onFrame((_, { deliveryTag }, from) => (deliveryTag === 1 && from === connection ? 'drop' : 'pass'))
    proxy.onFrame((_, { deliveryTag }) => (deliveryTag === 2 ? 'drop' : 'pass'))
    for (const tag of [1, 2, 3]) server.socket.write(ack(tag))
    await soon(() => expect(tags(client)).toEqual([3]))
  })

  test('amqpCommands loses whole messages, on the channel that it is about', async () => {
    const asked: string[] = []
    proxy.onFrame(
      amqpCommands((direction, { method, channel }) => {
        asked.push(`${direction} ${String(method)} ${channel}`)
        return method === 'basic.publish' && channel === 1 ? 'drop' : 'pass'
      }),
    )
    const other = publish('kept', 2)
    client.socket.write(Buffer.concat([publish('lost'), other, publish(''), publish('lost again'), ack(9)]))
    await soon(() => expect(Buffer.concat(server.chunks)).toEqual(Buffer.concat([greeting, other, ack(9)])))
    expect(asked).toEqual([
      'toBroker basic.publish 1',
      'toBroker basic.publish 2',
      'toBroker basic.publish 1',
      'toBroker basic.publish 1',
      'toBroker basic.ack 1',
    ])
  })

  test('what a hook throws cuts the connection, and close tells', async () => {
    proxy.onFrame(() => {
      throw new Error('a mistake in a test')
    })
    server.socket.write(ack(1))
    await soon(() => expect(client.ends).toEqual(['RST']))
    await expect(proxy.close()).rejects.toThrow('a mistake in a test')
  })

  test('bytes that are no frames cut the connection, and close tells', async () => {
    server.socket.write('HTTP/1.1 400 Bad Request')
    await soon(() => expect(client.ends).toEqual(['RST']))
    await expect(proxy.close()).rejects.toThrow('No frame begins with')
  })
})

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}
