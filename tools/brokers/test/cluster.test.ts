import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRabbit, until, type Rabbit, type RabbitNode } from '../src/index.js'
import { answersAmqp } from '../src/rabbit/ready.js'
import { openClient, send, takeAll, type Client } from './amqp.js'
import { describeWith } from './needs.js'

const describeRabbit = await describeWith('rabbitmq')
const quorum = { arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 3 } }

describeRabbit('a private RabbitMQ cluster of three nodes', () => {
  let rabbit: Rabbit

  beforeAll(async () => {
    rabbit = await startRabbit({ nodes: 3 })
  })
  afterAll(async () => {
    await rabbit.close()
  })

  const open = (node: RabbitNode, name?: string): Promise<Client> => openClient(node.url, name)
  const otherThan = (node: RabbitNode): RabbitNode => {
    const other = rabbit.nodes.find((one) => one !== node)
    if (other === undefined) return expect.unreachable('there are three nodes')
    return other
  }
  const anotherLeads = (queue: string, before: RabbitNode): Promise<void> =>
    until(`another node leads ${queue}`, async () => {
      const next = await rabbit.leader(queue)
      return next !== undefined && next !== before
    })
  const declare = async (queue: string): Promise<RabbitNode> => {
    const client = await open(rabbit.node)
    await client.channel.assertQueue(queue, quorum)
    await client.close()
    const leader = await rabbit.leader(queue)
    if (leader === undefined) return expect.unreachable(`${queue} has no leader`)
    return leader
  }

  test('is one cluster, whose queues have three replicas', async () => {
    for (const node of rabbit.nodes) {
      expect(await node.query('lists:sort([node() | nodes()])')).toEqual(rabbit.nodes.map(({ name }) => name))
    }
    await declare('replicated')
    const view = await rabbit.queue('replicated')
    expect([...(view?.members ?? [])].sort()).toEqual(['n1@localhost', 'n2@localhost', 'n3@localhost'])
  })

  test('a kill of the leader loses nothing, another one leads, and the node comes back', async () => {
    const leader = await declare('survives')
    const client = await open(otherThan(leader))
    await send(client, 'survives', 'before')
    await leader.kill()
    await anotherLeads('survives', leader)
    await send(client, 'survives', 'during')
    await leader.start()
    await send(client, 'survives', 'after')
    expect(await takeAll(client, 'survives')).toEqual(['before', 'during', 'after'])
    await client.close()
  })

  test('the last of three takes no clients; started together again, they have what was confirmed', async () => {
    await declare('majority')
    const client = await open(rabbit.node)
    await send(client, 'majority', 'kept')
    await rabbit.saveDeclarations()
    const last = rabbit.node
    await Promise.all(rabbit.nodes.filter((node) => node !== last).map((node) => node.kill()))
    await until('the last one has paused itself', async () => !(await answersAmqp(last.port)), { timeoutMs: 30_000 })
    await last.kill()
    await expect(rabbit.queues()).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await Promise.all(rabbit.nodes.map((node) => node.start()))
    await until('it has a leader', async () => (await rabbit.leader('majority')) !== undefined, { timeoutMs: 30_000 })
    const after = await open(rabbit.node)
    expect(await takeAll(after, 'majority')).toEqual(['kept'])
    await after.close()
  })

  test('transferLeader moves a queue to every node in turn', async () => {
    await declare('moved')
    for (const node of rabbit.nodes) {
      await rabbit.transferLeader('moved', node)
      expect(await rabbit.leader('moved')).toBe(node)
    }
  })

  test('an isolated node takes no clients while the majority goes on; healed, it catches up', async () => {
    const leader = await declare('cut')
    const client = await open(otherThan(leader))
    await rabbit.isolate(leader)
    await expect(open(leader)).rejects.toThrow(/ECONNREFUSED/)
    expect(await leader.query('nodes()')).toEqual([])
    await anotherLeads('cut', leader)
    await send(client, 'cut', 'during')
    await rabbit.heal()
    const healed = await open(leader)
    await send(client, 'cut', 'after')
    expect(await takeAll(healed, 'cut')).toEqual(['during', 'after'])
    await Promise.all([client.close(), healed.close()])
  })

  test('connections of every node are seen and closed from any', async () => {
    const clients = await Promise.all(rabbit.nodes.map((node, index) => open(node, `member-${index}`)))
    const seen = (await rabbit.connections()).filter(({ clientName }) => clientName?.startsWith('member-') === true)
    expect(seen.map(({ clientName, node }) => [clientName, node]).sort()).toEqual(
      rabbit.nodes.map(({ name }, index) => [`member-${index}`, name]),
    )
    expect(await rabbit.closeConnection('member-2')).toBe(1)
    await clients[2]?.closed
    await Promise.all([clients[0]?.close(), clients[1]?.close()])
  })
})
