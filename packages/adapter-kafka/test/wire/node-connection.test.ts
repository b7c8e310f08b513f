import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { createTimerHeap, systemClock } from '@sluice/core/spi'
import { afterEach, describe, expect, it } from 'vitest'
import type { KafkaError } from '../../src/wire/kafka-error.js'
import { NodeConnection } from '../../src/wire/kafkajs/node-connection.js'
import type { KafkaRequest } from '../../src/wire/kafkajs/requests.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

interface Bench {
  readonly connection: NodeConnection
  /** Of the other side. */
  readonly peer: Socket
  readonly closed: KafkaError[]
}

async function open(): Promise<Bench> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const peer = await accepted
  peer.on('error', () => undefined)
  const closed: KafkaError[] = []
  const timers = createTimerHeap(systemClock)
  const connection = new NodeConnection({
    socket,
    clientId: 'me',
    timers,
    closed: (reason) => void closed.push(reason),
  })
  return { connection, peer, closed }
}

const echo = (name: string, encode: () => Buffer | Promise<Buffer> = () => Buffer.from(name)): KafkaRequest<string> => {
  return { name, apiKey: 3, version: 1, encode, decode: (payload) => payload.toString() }
}

const answer = (correlation: number, text: string): Buffer => {
  const frame = Buffer.alloc(8 + text.length)
  frame.writeInt32BE(4 + text.length, 0)
  frame.writeInt32BE(correlation, 4)
  frame.write(text, 8)
  return frame
}

/** What has come at the other side, until so many bytes are there. */
async function received(peer: Socket, bytes: number): Promise<Buffer> {
  let all = Buffer.alloc(0)
  for await (const chunk of peer.iterator({ destroyOnReturn: false })) {
    all = Buffer.concat([all, chunk as Buffer])
    if (all.length >= bytes) return all
  }
  return all
}

describe('a connection to a node', () => {
  it('writes requests with their header, in the order of the calls', async () => {
    const { connection, peer } = await open()
    const slow = new Promise<Buffer>((resolve) => setTimeout(() => resolve(Buffer.from('slow')), 20))
    const both = Promise.all([
      connection.request(
        echo('slow', () => slow),
        5_000,
      ),
      connection.request(
        echo('fast', async () => Buffer.from('fast')),
        5_000,
      ),
    ])
    const bytes = await received(peer, 2 * (4 + 10 + 2 + 4))
    expect(bytes.readInt32BE(0)).toBe(16)
    expect([bytes.readInt16BE(4), bytes.readInt16BE(6), bytes.readInt32BE(8)]).toEqual([3, 1, 0])
    expect(bytes.subarray(14, 20).toString()).toBe('meslow')
    expect(bytes.subarray(34, 40).toString()).toBe('mefast')
    expect(connection.pending).toBe(2)
    // In pieces, and two in one.
    const answers = Buffer.concat([answer(0, 'first'), answer(1, 'second')])
    peer.write(answers.subarray(0, 3))
    await new Promise((resolve) => setTimeout(resolve, 5))
    peer.write(answers.subarray(3, 10))
    await new Promise((resolve) => setTimeout(resolve, 5))
    peer.write(answers.subarray(10))
    expect(await both).toEqual(['first', 'second'])
  })

  it('ends when an answer does not come in time, and everything that waits with it', async () => {
    const { connection, closed } = await open()
    const other = connection.request(echo('other'), 60_000)
    await expect(connection.request(echo('Fetch'), 50)).rejects.toMatchObject({ kind: 'io', errno: 'ETIMEDOUT' })
    await expect(other).rejects.toThrow('no answer to Fetch within 50 ms')
    await expect(connection.request(echo('late'), 50)).rejects.toThrow('no answer to Fetch')
    expect(closed).toHaveLength(1)
  })

  it.each([
    ['a length that cannot be', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
    ['an answer that nobody asked for', answer(77, 'what')],
  ])('ends at %s', async (_, bytes) => {
    const { connection, peer, closed } = await open()
    const waiting = connection.request(echo('Metadata'), 5_000)
    peer.write(bytes)
    await expect(waiting).rejects.toMatchObject({ kind: 'protocol' })
    expect(closed).toHaveLength(1)
    expect(connection.isOpen).toBe(false)
  })

  it('ends when an answer cannot be read', async () => {
    const { connection, peer } = await open()
    const broken: KafkaRequest<string> = {
      ...echo('Broken'),
      decode: () => Promise.reject(new RangeError('too short')),
    }
    const waiting = connection.request(broken, 5_000)
    peer.write(answer(0, 'x'))
    await expect(waiting).rejects.toThrow('the answer to Broken cannot be read: too short')
    expect(connection.isOpen).toBe(false)
  })

  it('ends with the other side', async () => {
    const { connection, peer } = await open()
    const waiting = connection.request(echo('Metadata'), 5_000)
    peer.end()
    await expect(waiting).rejects.toMatchObject({ kind: 'io' })
  })
})
