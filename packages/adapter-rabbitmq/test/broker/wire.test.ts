import { describe, expect, it, onTestFinished } from 'vitest'
import type { WireConfirmChannel, WireDelivery, WireMessage, WireProperties } from '../../src/wire/port.js'
import { watchRunTime } from '../run-time.js'
import { freshName, ownRabbit } from './real-broker.js'
import { connectTo, target, type Connected } from '../wire/connect-to.js'

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } }
const to = (routingKey: string, changes: Partial<WireMessage> = {}): WireMessage => ({
  ...{ exchange: '', routingKey, mandatory: true, properties: { deliveryMode: 2 }, content: Buffer.from('x') },
  ...changes,
})

describe('the wire at a broker', () => {
  const rabbit = ownRabbit({ tls: true })

  async function connect(changes: Parameters<typeof target>[1] = {}): Promise<Connected> {
    const connected = await connectTo(target(rabbit().node.port, changes))
    onTestFinished(() => connected.connection.close(1_000))
    return connected
  }

  /** A channel that knows when everything is confirmed. */
  async function publisher({ connection, channelEvents }: Connected) {
    let confirmed = 0
    let missing = 0
    let done = (): void => {}
    const channel: WireConfirmChannel = await connection.openConfirmChannel({
      ...channelEvents('publisher'),
      confirmed: (tag, multiple) => {
        missing -= multiple ? tag - confirmed : 1
        confirmed = Math.max(confirmed, tag)
        if (missing <= 0) done()
      },
    })
    const publish = (...messages: readonly WireMessage[]): Promise<void> => {
      missing += messages.length
      for (const message of messages) channel.publishConfirmed(message)
      return new Promise((resolve) => (done = resolve))
    }
    return { channel, publish }
  }

  async function take({ connection, channelEvents }: Connected, queue: string, count: number): Promise<WireDelivery[]> {
    const channel = await connection.openChannel(channelEvents('taker'))
    const taken: WireDelivery[] = []
    await new Promise<void>((resolve, reject) => {
      const delivered = (delivery: WireDelivery): void => {
        if (taken.push(delivery) === count) resolve()
      }
      channel.consume(queue, { noAck: false }, { delivered, cancelled: () => {} }).catch(reject)
    })
    channel.ack(taken.at(-1)?.tag ?? 0, true)
    await channel.sync()
    await channel.close()
    return taken
  }

  it('shows its name, carries a round trip, and hears who is there', async () => {
    const { connection, channelEvents } = await connect({ connectionName: 'shop consume', heartbeatSeconds: 7 })
    expect(connection.server).toMatchObject({ product: 'RabbitMQ', version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    expect(connection.heartbeatSeconds).toBe(7)
    await (await connection.openChannel(channelEvents('one'))).sync()
    expect((await rabbit().connections()).map(({ clientName }) => clientName)).toContain('shop consume')
  })

  it('carries every property, every kind of header and large bodies', async () => {
    const connected = await connect()
    const queue = freshName()
    const channel = await connected.connection.openChannel(connected.channelEvents('one'))
    expect(await channel.declareQueue(queue, quorum)).toEqual({ name: queue, messages: 0, consumers: 0 })
    const headers = {
      text: 'ü€😀',
      bytes: new Uint8Array([0, 255]),
      yes: true,
      numbers: [1, -1, 300, 70_000, 5_000_000_000, 1.5],
      when: { '!': 'timestamp', value: 1_700_000_000 },
      price: { '!': 'decimal', value: { digits: 995, places: 2 } },
      nested: { deep: { deeper: null } },
    }
    const properties: WireProperties = {
      ...{ contentType: 'application/json', contentEncoding: 'gzip', headers, deliveryMode: 2, priority: 3 },
      ...{ correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm', timestamp: 1_700_000_000 },
      ...{ type: 't', userId: 'guest', appId: 'a' },
    }
    const bodies = [Buffer.alloc(0), Buffer.from('1'), Buffer.alloc(131_072 - 8, 2), Buffer.alloc(8_000_001, 3)]
    const { publish } = await publisher(connected)
    await publish(...bodies.map((content) => to(queue, { properties, content })))
    const taken = await take(connected, queue, bodies.length)
    expect(
      taken.map(({ content }) =>
        Buffer.from(content).equals(bodies[taken.findIndex((one) => one.content === content)] as Buffer),
      ),
    ).toEqual(bodies.map(() => true))
    expect(taken[0]).toMatchObject({ exchange: '', routingKey: queue, redelivered: false, tag: 1 })
    const read = taken[0]?.properties as WireProperties
    expect({ ...read, headers: undefined }).toMatchObject({ ...properties, headers: undefined })
    expect({ ...read.headers, 'x-delivery-count': undefined }).toMatchObject({
      ...headers,
      bytes: Buffer.from([0, 255]),
    })
    expect(await channel.get(queue)).toBeUndefined()
    await channel.deleteQueue(queue)
  })

  it('has each refusal end its channel and nothing else', async () => {
    const connected = await connect()
    const { connection, channelEvents, log } = connected
    const queue = freshName()
    const fresh = () => connection.openChannel(channelEvents('one'))
    await (await fresh()).declareQueue(queue, quorum)
    const other = await connect()
    const lock = await other.connection.openChannel(other.channelEvents('lock'))
    await lock.declareQueue(`${queue}:lock`, { durable: false, exclusive: true, arguments: {} })
    const refusals: readonly [number, () => Promise<unknown>][] = [
      [404, async () => (await fresh()).checkQueue('nope')],
      [404, async () => (await fresh()).checkExchange('nope')],
      [
        404,
        async () => (await fresh()).consume('nope', { noAck: false }, { delivered: () => {}, cancelled: () => {} }),
      ],
      [406, async () => (await fresh()).declareQueue(queue, { durable: true, arguments: {} })],
      [405, async () => (await fresh()).checkQueue(`${queue}:lock`)],
      [403, async () => (await fresh()).declareExchange('amq.mine', 'direct')],
    ]
    for (const [replyCode, ask] of refusals) {
      await expect(ask()).rejects.toMatchObject({ kind: 'server', scope: 'channel', replyCode })
    }
    expect(log).toEqual(refusals.map(([code]) => `one closed: server ${code}`))
    await (await fresh()).deleteQueue(queue)
  })

  it('returns what has no queue before its confirm', async () => {
    const { connection, channelEvents, log } = await connect()
    const queue = freshName()
    const channel = await connection.openConfirmChannel(channelEvents('one'))
    await channel.declareQueue(queue, { durable: false, exclusive: true, arguments: {} })
    for (let count = 0; count < 3; count += 1) {
      channel.publishConfirmed(to(queue))
      channel.publishConfirmed(to('nowhere'))
      await expect.poll(() => log.filter((line) => line.includes('ack')).length, { interval: 1 }).toBeGreaterThan(count)
    }
    await channel.sync()
    const order = log.map((line) => line.replace(/^one (\w+).*?(\d+).*$/, '$1 $2'))
    expect(order.filter((line) => line.startsWith('returned'))).toHaveLength(3)
    expect(order.indexOf('returned 312')).toBeLessThan(log.findIndex((line) => /ack [2-6]/.test(line)))
  })

  it('never mistakes what an ended channel had still to send for that of the next', async () => {
    const connected = await connect()
    const { connection, channelEvents } = connected
    const queue = freshName()
    const setup = await connection.openChannel(channelEvents('setup'))
    await setup.declareQueue(queue, quorum)
    for (let round = 0; round < 30; round += 1) {
      const doomed = await connection.openConfirmChannel({ ...channelEvents('doomed'), confirmed: () => {} })
      doomed.publishConfirmed(to('', { exchange: 'nope' }))
      const body = Buffer.alloc(20_000)
      const pump = setInterval(() => {
        for (let count = 0; count < 20; count += 1) doomed.publishConfirmed(to(queue, { content: body }))
      }, 0)
      await expect.poll(() => doomed.isOpen, { interval: 1 }).toBe(false)
      clearInterval(pump)
      const { channel, publish } = await publisher(connected)
      await publish(to(queue, { content: Buffer.from(`round ${round}`) }))
      await channel.close()
    }
    // What was behind the missing exchange was never taken, so only the others are there.
    expect(await setup.checkQueue(queue)).toMatchObject({ messages: 30 })
    await setup.deleteQueue(queue)
  })

  it('loses nothing that was written before its farewell', async () => {
    const queue = freshName()
    const watch = await connect()
    const { connection, channelEvents } = await connect()
    const channel = await connection.openChannel(channelEvents('one'))
    // A classic one: what a quorum queue was not asked to confirm, the broker itself may drop with the channel.
    await channel.declareQueue(queue, { durable: true, arguments: {} })
    for (let count = 0; count < 300; count += 1) channel.publish(to(queue, { content: Buffer.alloc(10_000) }))
    await connection.close(5_000)
    const look = await watch.connection.openChannel(watch.channelEvents('look'))
    await expect.poll(() => look.checkQueue(queue)).toMatchObject({ messages: 300 })

    const second = await connect()
    const taker = await second.connection.openChannel(second.channelEvents('two'))
    const tags: number[] = []
    const delivered = ({ tag }: WireDelivery): void => void tags.push(tag)
    await taker.consume(queue, { noAck: false }, { delivered, cancelled: () => {} })
    await expect.poll(() => tags.length).toBe(300)
    for (const tag of tags.slice(0, 20)) taker.ack(tag, false)
    await second.connection.close(5_000)
    await expect.poll(() => look.checkQueue(queue)).toMatchObject({ messages: 280 })
    await look.deleteQueue(queue)
  })

  it('is told by whom it was kicked, and that a queue was deleted', async () => {
    const connected = await connect({ connectionName: freshName('kicked') })
    const { connection, channelEvents, closed, log } = connected
    const queue = freshName()
    const channel = await connection.openChannel(channelEvents('one'))
    await channel.declareQueue(queue, quorum)
    await channel.consume(queue, { noAck: false }, { delivered: () => {}, cancelled: () => log.push('cancelled') })
    await rabbit().deleteQueue(queue)
    await expect.poll(() => log).toEqual(['cancelled'])
    await channel.sync()
    const name = (await rabbit().connections()).find(({ clientName }) => clientName?.startsWith('kicked') === true)
    await rabbit().closeConnection(name?.clientName ?? '', 'maintenance')
    expect(await closed).toMatchObject({
      kind: 'server',
      replyCode: 320,
      message: expect.stringContaining('maintenance'),
    })
    expect(log).toEqual(['cancelled', 'one closed: server 320', 'closed'])
  })

  it('hears of an alarm and of its end, and closes in time during one', async () => {
    const consumer = await connect()
    const queue = freshName()
    const setup = await consumer.connection.openChannel(consumer.channelEvents('setup'))
    await setup.declareQueue(queue, quorum)
    const [one, two] = [await connect(), await connect()]
    const publishers = [await publisher(one), await publisher(two)]
    await Promise.all(publishers.map(({ publish }) => publish(to(queue))))
    await rabbit().memoryAlarm(true)
    try {
      const waiting = publishers.map(({ publish }) => publish(to(queue)))
      for (const { log } of [one, two])
        await expect.poll(() => log).toEqual([expect.stringMatching(/^blocked: .*memory/)])
      // The other connection has published nothing, so it is none of its business.
      expect(await take(consumer, queue, 2)).toHaveLength(2)
      const ranMs = watchRunTime()
      await two.connection.close(300)
      expect(ranMs()).toBeLessThan(1_500)
      expect(await two.closed).toMatchObject({ kind: 'closed' })
      await rabbit().memoryAlarm(false)
      await waiting[0]
      expect(one.log).toHaveLength(2)
      expect(one.log[1]).toBe('unblocked')
    } finally {
      await rabbit().memoryAlarm(false)
    }
    await setup.deleteQueue(queue)
  })

  describe('with TLS', () => {
    const secure = (tls: NonNullable<Parameters<typeof target>[1]>['tls'], changes = {}) =>
      connect({ port: rabbit().node.tlsPort as number, tls, ...changes })

    it('carries what plain TCP does, to a broker whose certificate is right', async () => {
      const connected = await secure({ ca: rabbit().ca }, { host: 'localhost' })
      const queue = freshName()
      const channel = await connected.connection.openChannel(connected.channelEvents('one'))
      await channel.declareQueue(queue, quorum)
      const { publish } = await publisher(connected)
      const bodies = Array.from({ length: 200 }, (_, index) => Buffer.alloc(index * 97, index))
      await publish(
        ...bodies.map((content) => to(queue, { content })),
        to(queue, { content: Buffer.alloc(3_000_000, 7) }),
      )
      const taken = await take(connected, queue, 201)
      expect(taken.slice(0, 200).map(({ content }) => content.length)).toEqual(bodies.map(({ length }) => length))
      expect(Buffer.from(taken[200]?.content ?? []).equals(Buffer.alloc(3_000_000, 7))).toBe(true)
      await channel.deleteQueue(queue)
      await (await secure({ ca: rabbit().ca })).connection.close(1_000)
    })

    it.each([
      ['an authority that nobody knows', () => ({}), /SELF_SIGNED|UNABLE_TO_/],
      ['another name', () => ({ ca: rabbit().ca, servername: 'elsewhere.example' }), /ALTNAME/],
      [
        'too old a protocol',
        () => ({ ca: rabbit().ca, maxVersion: 'TLSv1.1' as const, minVersion: 'TLSv1' as const }),
        /^(ERR_SSL|EPROTO|ECONNRESET)/,
      ],
    ])('says what is wrong with it: %s', async (what, tls, errno) => {
      await expect(secure(tls())).rejects.toMatchObject({
        ...(what === 'too old a protocol' ? {} : { kind: 'tls' }),
        scope: 'connection',
        errno: expect.stringMatching(errno),
      })
    })

    it('says when only one side speaks it', async () => {
      await expect(connect({ tls: {} })).rejects.toMatchObject({ kind: 'tls' })
      await expect(connect({ port: rabbit().node.tlsPort as number })).rejects.toMatchObject({
        kind: expect.stringMatching(/io|protocol/),
      })
    })
  })
})
