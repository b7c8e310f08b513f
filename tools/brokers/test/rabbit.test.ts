import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRabbit, until, type Rabbit } from '../src/index.js'
import { openClient, send, takeAll } from './amqp.js'
import { describeWith } from './needs.js'

const describeRabbit = await describeWith('rabbitmq')
const quorum = { arguments: { 'x-queue-type': 'quorum' } }

describeRabbit('one private RabbitMQ node', () => {
  let rabbit: Rabbit

  beforeAll(async () => {
    const users = [{ name: 'anna', password: 'b:/@' }]
    rabbit = await startRabbit({ heartbeatSeconds: 7, vhosts: ['other'], users, settings: { credit_test: 77 } })
  })
  beforeEach(async () => {
    if (rabbit.node.state === 'stopped') await rabbit.node.start()
  })
  afterAll(async () => {
    await rabbit.close()
  })

  test.each(['classic', 'quorum'])(
    'a %s queue keeps a confirmed message over kill -9, on the same port',
    async (type) => {
      const { port, pid } = rabbit.node
      const before = await openClient(rabbit.url)
      const queue = `kept-${type}`
      await before.channel.assertQueue(queue, { arguments: { 'x-queue-type': type } })
      await send(before, queue, 'kept')
      await rabbit.saveDeclarations()

      await rabbit.node.kill()
      await before.closed
      expect(rabbit.node).toMatchObject({ state: 'stopped', pid: undefined })
      await rabbit.node.start()

      expect(rabbit.node.port).toBe(port)
      expect(rabbit.node.pid).not.toBe(pid)
      const after = await openClient(rabbit.url)
      expect(await takeAll(after, queue)).toEqual(['kept'])
      await after.close()
    },
  )

  test('has the settings that it was given', async () => {
    expect(await rabbit.query('element(2, application:get_env(rabbit, credit_test))')).toBe(77)
  })

  test('stop says farewell, and start brings it back', async () => {
    const client = await openClient(rabbit.url)
    await rabbit.node.stop()
    await client.closed
    expect(client.errors.join()).toMatch(/320|CONNECTION.FORCED/i)
    await rabbit.node.start()
    await (await openClient(rabbit.url)).close()
  })

  test('pause holds answers back with the connection open, resume lets them come', async () => {
    const client = await openClient(rabbit.url)
    await client.channel.assertQueue('paused')
    rabbit.node.pause()
    let answered = false
    const sent = send(client, 'paused', 'one').then(() => (answered = true))
    await expect(rabbit.evaluate('1')).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(rabbit.node.evaluate('1')).rejects.toThrow('paused')
    await openClient(rabbit.url, 'late', { timeout: 300 }).then(
      () => expect.unreachable('a paused node has answered'),
      () => undefined,
    )
    expect(answered).toBe(false)
    rabbit.node.resume()
    await sent
    expect(client.errors).toEqual([])
    await client.close()
  })

  test.each(['memory', 'disk'] as const)('the %s alarm blocks publishers until it ends', async (kind) => {
    const set = (on: boolean): Promise<void> => (kind === 'memory' ? rabbit.memoryAlarm(on) : rabbit.diskAlarm(on))
    const client = await openClient(rabbit.url)
    await client.channel.assertQueue('alarmed')
    const blocked = new Promise((resolve) => client.connection.once('blocked', resolve))
    const unblocked = new Promise((resolve) => client.connection.once('unblocked', resolve))
    await set(true)
    await set(true)
    let stored = false
    const sent = send(client, 'alarmed', 'late').then(() => (stored = true))
    await blocked
    expect(await rabbit.evaluate('[Kind || {{_, Kind, _}, _} <- rabbit_alarm:get_alarms()]')).toBe(`[${kind}]`)
    expect(stored).toBe(false)
    await set(false)
    await set(false)
    await Promise.all([unblocked, sent])
    expect(await rabbit.query('rabbit_alarm:get_alarms()')).toEqual([])
    await client.close()
  })

  test('closeConnection by name and by pid, and what it says to a name that is not there', async () => {
    const [first, second, other] = await Promise.all(
      ['same', 'same', 'other'].map((name) => openClient(rabbit.url, name)),
    )
    expect(await rabbit.closeConnection('same', 'out')).toBe(2)
    await Promise.all([first?.closed, second?.closed])
    expect(first?.errors.join()).toContain('out')
    const pid = (await rabbit.connections()).find(({ clientName }) => clientName === 'other')?.pid ?? ''
    expect(await rabbit.closeConnection(pid)).toBe(1)
    await other?.closed
    await expect(rabbit.closeConnection('nobody')).rejects.toThrow('No connection is called nobody')
  })

  test.each([404, 406] as const)('closeChannel with %i ends one channel and leaves the connection', async (code) => {
    const client = await openClient(rabbit.url, 'channels')
    const neighbour = await client.connection.createConfirmChannel()
    const ended = new Promise((resolve) => client.channel.once('close', resolve))
    await rabbit.closeChannel({ connection: 'channels' }, code)
    await ended
    expect(client.errors.join()).toContain(String(code))
    await neighbour.assertQueue('after-close')
    await expect(rabbit.closeChannel({ connection: 'channels', number: 9 })).rejects.toThrow('no channel 9')
    await client.close()
  })

  test('consumerTimeout closes the channel that holds a delivery', async () => {
    await rabbit.consumerTimeout(1500)
    const client = await openClient(rabbit.url)
    await client.channel.assertQueue('held', quorum)
    const ended = new Promise((resolve) => client.channel.once('close', resolve))
    await client.channel.consume('held', () => undefined)
    await send(client, 'held', 'never settled')
    await ended
    expect(client.errors.join()).toContain('406')
    await rabbit.consumerTimeout(1_800_000)
    await client.close()
  })

  test('queues, consumers, connections, bindings and exchanges are seen as they are now', async () => {
    const client = await openClient(rabbit.url, 'looker "ü"')
    const { channel } = client
    const name = 'seen "ü" 😀'
    await channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } })
    await channel.assertQueue('seen-classic')
    await channel.assertExchange('seen-exchange', 'topic')
    await channel.bindQueue(name, 'seen-exchange', 'a.#', { 'x-note': 'here' })
    await Promise.all(['1', '2', '3', '4', '5'].map((text) => send(client, name, text)))
    await channel.prefetch(2)
    const got = new Promise<void>((resolve) => {
      let count = 0
      void channel.consume(name, () => void ((count += 1) === 2 && resolve()), { consumerTag: 'first' })
    })
    await got
    await channel.consume(name, () => undefined, { consumerTag: 'second' })

    expect(await rabbit.queue(name)).toEqual({
      name,
      type: 'quorum',
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
      ready: 3,
      unacked: 2,
      consumers: 2,
      leader: 'n1@localhost',
      members: ['n1@localhost'],
    })
    expect(await rabbit.queue('seen-classic')).toMatchObject({ type: 'classic', arguments: {}, ready: 0, unacked: 0 })
    expect(await rabbit.queue('no such queue')).toBeUndefined()
    expect((await rabbit.leader(name))?.name).toBe('n1@localhost')

    const connection = (await rabbit.connections()).find(({ clientName }) => clientName === 'looker "ü"')
    expect(connection).toMatchObject({ user: 'guest', vhost: '/', node: 'n1@localhost', state: 'running' })
    expect(connection?.channels).toMatchObject([{ number: 1, consumers: 2, unacked: 2, prefetch: 2 }])

    const consumers = (await rabbit.consumers()).filter(({ queue }) => queue === name)
    expect(consumers.map(({ tag, active }) => [tag, active]).sort()).toEqual([
      ['first', true],
      ['second', false],
    ])
    expect(consumers[0]?.channel).toBe(connection?.channels[0]?.pid)
    expect(await rabbit.bindings()).toContainEqual({
      source: 'seen-exchange',
      destination: name,
      destinationType: 'queue',
      routingKey: 'a.#',
      arguments: { 'x-note': 'here' },
    })
    expect(await rabbit.exchanges()).toEqual([{ name: 'seen-exchange', type: 'topic', durable: true, arguments: {} }])
    expect(await rabbit.queues('other')).toEqual([])
    await client.close()
  })

  test('purge and deleteQueue', async () => {
    const client = await openClient(rabbit.url)
    await client.channel.assertQueue('emptied', quorum)
    await send(client, 'emptied', 'gone')
    expect(await rabbit.queue('emptied')).toMatchObject({ ready: 1 })
    await rabbit.purge('emptied')
    expect(await rabbit.queue('emptied')).toMatchObject({ ready: 0 })
    const cancelled = new Promise((resolve) => {
      void client.channel.consume('emptied', resolve).then(() => rabbit.deleteQueue('emptied'))
    })
    expect(await cancelled).toBeNull()
    expect(await rabbit.queue('emptied')).toBeUndefined()
    await expect(rabbit.deleteQueue('emptied')).rejects.toMatchObject({ code: 'FAILED' })
    await client.close()
  })

  test('users, virtual hosts and heartbeat are as asked; setUser changes a password', async () => {
    const { port } = rabbit.node
    const client = await openClient(`amqp://anna:${encodeURIComponent('b:/@')}@127.0.0.1:${port}`)
    await client.close()
    await (await openClient(`amqp://guest:guest@127.0.0.1:${port}/other`)).close()
    await expect(openClient(`amqp://anna:wrong@127.0.0.1:${port}`)).rejects.toThrow(/403|ACCESS.REFUSED/i)
    await rabbit.setUser({ name: 'anna', password: 'wrong' })
    await (await openClient(`amqp://anna:wrong@127.0.0.1:${port}`)).close()
    expect(await rabbit.evaluate('application:get_env(rabbit, heartbeat)')).toBe('{ok,7}')
  })

  test('evaluate prints any value, tells errors, and takes calls at once', async () => {
    expect(await rabbit.evaluate(`A = 1, {A, "quo\\"te", 'x y'}.`)).toBe(`{1,"quo\\"te",'x y'}`)
    expect(await rabbit.query('lists:seq(1, 20000)')).toHaveLength(20_000)
    await expect(rabbit.evaluate('1 / 0')).rejects.toThrow('badarith')
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => rabbit.query(String(index))))
    expect(answers).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('a node that runs cannot be started, one that does not cannot be paused', async () => {
    await expect(rabbit.node.start()).rejects.toThrow('running already')
    await rabbit.node.kill()
    expect(() => rabbit.node.pause()).toThrow('is not running')
    await expect(rabbit.queues()).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await rabbit.node.start()
  })
})

describeRabbit('starting RabbitMQ', () => {
  test('with TLS: a client that trusts the authority gets in, by name and by address', async () => {
    const rabbit = await startRabbit({ tls: true })
    try {
      const { ca, tlsUrl = '' } = rabbit
      expect(tlsUrl).toMatch(/^amqps:/)
      await (await openClient(tlsUrl, 'test', { ca: [ca] })).close()
      await (await openClient(tlsUrl.replace('127.0.0.1', 'localhost'), 'test', { ca: [ca] })).close()
      await expect(openClient(tlsUrl)).rejects.toThrow(/self.signed|unable to/i)
      await (await openClient(rabbit.url)).close()
    } finally {
      await rabbit.close()
    }
  })

  test('what a node wrote before it failed is in the error, and nothing is left', async () => {
    const failed = startRabbit({ conf: 'no_such_setting = 1' })
    await expect(failed).rejects.toMatchObject({
      code: 'NOT_STARTED',
      message: expect.stringContaining('no_such_setting'),
    })
  })

  test('close ends the process and removes its folder', async () => {
    const rabbit = await startRabbit()
    const { pid = 0 } = rabbit.node
    const folder = JSON.parse(await rabbit.evaluate('os:getenv("HOME")')) as string
    expect(existsSync(folder)).toBe(true)
    await rabbit.close()
    await until('the node is gone', async () => !existsSync(`/proc/${pid}`))
    expect(existsSync(folder)).toBe(false)
  })
})
