import { amqpCommands, amqpFramer, asNack, startFaultProxy, type AmqpFrame, type FaultProxy } from '@sluice/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRabbit, until, type Rabbit } from '../src/index.js'
import { openClient, send, takeAll, type Client } from './amqp.js'
import { describeWith } from './needs.js'

const describeRabbit = await describeWith('rabbitmq')

describeRabbit('the fault proxy in front of RabbitMQ', () => {
  let rabbit: Rabbit
  let proxy: FaultProxy<AmqpFrame>
  let direct: Client
  let queues = 0

  beforeAll(async () => {
    rabbit = await startRabbit()
    direct = await openClient(rabbit.url)
  })
  afterAll(async () => {
    await rabbit.close()
  })
  beforeEach(async () => {
    proxy = await startFaultProxy(rabbit.node, { framer: amqpFramer })
  })
  afterEach(async () => {
    await proxy.close()
  })

  const open = (name?: string, heartbeat = 60): Promise<Client> =>
    openClient(`amqp://guest:guest@127.0.0.1:${proxy.port}?heartbeat=${heartbeat}`, name)
  const newQueue = async (): Promise<string> => {
    const { queue } = await direct.channel.assertQueue(`through-${(queues += 1)}`)
    return queue
  }

  test('a whole conversation passes byte by byte, and with every frame looked at', async () => {
    const seen = new Set<string>()
    proxy.onFrame((_, { kind, method }) => {
      seen.add(method ?? kind)
      return 'pass'
    })
    proxy.slice(1)
    const client = await open('sliced')
    const queue = await newQueue()
    await Promise.all(['one', 'two', 'three'].map((text) => send(client, queue, text)))
    expect(await takeAll(client, queue)).toEqual(['one', 'two', 'three'])
    await client.close()
    for (const name of [
      'protocol-header',
      'connection.tune-ok',
      'confirm.select-ok',
      'basic.publish',
      'header',
      'body',
    ]) {
      expect(seen).toContain(name)
    }
    expect(seen).toContain('basic.ack')
    expect([...seen].filter((name) => /\d/.test(name))).toEqual([])
  })

  test('a single confirm is lost: the message is stored and its sender never learns', async () => {
    const client = await open()
    const queue = await newQueue()
    proxy.onFrame((direction, { method, deliveryTag }) =>
      direction === 'toClient' && method === 'basic.ack' && deliveryTag === 2 ? 'drop' : 'pass',
    )
    await send(client, queue, 'first')
    const outcome = send(client, queue, 'second').then(
      () => 'confirmed',
      (error: Error) => error.message,
    )
    await until('it is stored', async () => (await rabbit.queue(queue))?.ready === 2)
    proxy.cut()
    expect(await outcome).toMatch(/closed/)
    expect(await takeAll(direct, queue)).toEqual(['first', 'second'])
  })

  test('a confirm becomes a refusal', async () => {
    const client = await open()
    const queue = await newQueue()
    proxy.onFrame((_, frame) => (frame.method === 'basic.ack' ? { replace: asNack(frame) } : 'pass'))
    await expect(send(client, queue, 'stored all the same')).rejects.toThrow('nacked')
    expect(await takeAll(direct, queue)).toEqual(['stored all the same'])
    await client.close()
  })

  test('publishes from some point on are lost with the connection', async () => {
    const client = await open()
    const queue = await newQueue()
    let count = 0
    proxy.onFrame(
      amqpCommands((_, { method }) => {
        if (method !== 'basic.publish') return 'pass'
        count += 1
        return count >= 3 ? 'drop' : 'pass'
      }),
    )
    const sent = ['1', '2', '3', '4'].map((text) =>
      send(client, queue, text).then(
        () => 'confirmed',
        () => 'uncertain',
      ),
    )
    await Promise.all(sent.slice(0, 2))
    // An answer behind them: the lost ones have left as well.
    await client.channel.checkQueue(queue)
    proxy.cut()
    expect(await Promise.all(sent)).toEqual(['confirmed', 'confirmed', 'uncertain', 'uncertain'])
    expect(await takeAll(direct, queue)).toEqual(['1', '2'])
  })

  test('a cut in the middle of a message: the broker has none of it', async () => {
    const client = await open()
    const queue = await newQueue()
    proxy.onFrame((_, { kind }) => (kind === 'body' ? { cutAt: 20 } : 'pass'))
    await expect(send(client, queue, 'x'.repeat(100))).rejects.toThrow(/closed/)
    await client.closed
    await until('the broker has seen it', async () => (await rabbit.connections()).length === 1)
    expect(await takeAll(direct, queue)).toEqual([])
  })

  test('silence is found out by heartbeats, on both sides, and nobody gets in until it ends', async () => {
    const client = await open('silenced', 1)
    const undo = proxy.silence()
    await client.closed
    expect(client.errors.join()).toMatch(/heartbeat/i)
    await until('the broker gives it up', async () => (await rabbit.connections()).length === 1)
    const late = open('late')
    await until('it is taken', async () => proxy.counters.accepted === 2)
    expect(await rabbit.connections()).toHaveLength(1)
    await undo()
    await (await late).close()
  })

  test('a held confirm comes when it is released, and a killed broker is found again', async () => {
    const client = await open()
    const queue = await newQueue()
    const undo = proxy.hold({ direction: 'toClient' })
    let confirmed = false
    const sent = send(client, queue, 'waits').then(() => (confirmed = true))
    await until('it is stored', async () => (await rabbit.queue(queue))?.ready === 1)
    expect(confirmed).toBe(false)
    await undo()
    await sent

    await rabbit.saveDeclarations()
    await rabbit.node.kill()
    await Promise.all([client.closed, direct.closed])
    await expect(open()).rejects.toThrow(/closed|ECONN/)
    await rabbit.node.start()
    direct = await openClient(rabbit.url)
    await (await open()).close()
    expect(await takeAll(direct, queue)).toEqual(['waits'])
  })

  test('connections of the proxy are found at the broker by their port', async () => {
    const client = await open('behind')
    const [connection] = proxy.connections
    const seen = (await rabbit.connections()).find(({ clientName }) => clientName === 'behind')
    expect(seen?.peerPort).toBe(connection?.brokerSidePort)
    await client.close()
  })
})
