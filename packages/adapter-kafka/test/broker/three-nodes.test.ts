import { startKafka, until, type Kafka } from '@sluice/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, freshName, join, makeTopic, readAll, record } from './clusters.js'

let kafka: Kafka
beforeAll(async () => {
  kafka = await startKafka({ nodes: 3 })
})
afterAll(() => kafka.close())

const durable = { replicas: 3, configs: { 'min.insync.replicas': '2' } }

describe('with three nodes', () => {
  it('nothing that was acknowledged is lost, doubled or out of order when each of them is killed', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { ...durable, partitions: 3 })
    const stored: string[][] = [[], [], []]
    const others: string[] = []
    let stopping = false
    const lane = async (partition: number): Promise<void> => {
      const producer = await cluster.producer()
      for (let n = 0; !stopping && others.length === 0; n += 3) {
        const values = [`${n}`, `${n + 1}`, `${n + 2}`]
        const result = await producer.send(
          { topic, partition },
          values.map((value) => record(value)),
          30_000,
        )
        if (result.kind === 'stored') stored[partition]?.push(...values)
        else others.push(`${result.kind}: ${result.error.message}`)
      }
    }
    const lanes = [0, 1, 2].map(lane)
    const more = async (what: string): Promise<void> => {
      const before = stored.map(({ length }) => length)
      await until(what, async () => others.length > 0 || stored.every(({ length }, at) => length > (before[at] ?? 0)))
    }
    for (const node of kafka.nodes) {
      await more('traffic')
      await node.kill()
      await more('all to go on without it')
      await node.start()
    }
    await more('traffic in the end')
    stopping = true
    await Promise.all(lanes)
    expect(others).toEqual([])
    for (const partition of [0, 1, 2]) expect(await readAll(cluster, { topic, partition })).toEqual(stored[partition])
  })

  it('a dead coordinator is left for another, with everything that is held', async () => {
    const cluster = await connect(kafka.bootstrap)
    const topic = await makeTopic(cluster, { ...durable, partitions: 4 })
    const { member, told, held } = await join(kafka, freshName(), topic)
    await until('all', async () => held.size === 4)
    const commits = async (): Promise<boolean> => {
      const [result] = await member.commit([{ topic, partition: 0, offset: 1, metadata: '' }])
      return result?.error === undefined
    }
    await until('a commit', commits)
    for (const node of kafka.nodes) {
      await node.kill()
      await until('a commit without that node', commits, { timeoutMs: 20_000 })
      await node.start()
    }
    expect(told).toEqual(['+4'])
  })

  it('what too few replicas could hold is not stored for certain, and is later', async () => {
    const cluster = await connect(kafka.bootstrap)
    const to = { topic: await makeTopic(cluster, durable), partition: 0 }
    const producer = await cluster.producer()
    expect(await producer.send(to, [record('a')], 10_000)).toMatchObject({ kind: 'stored' })
    const leader = (await cluster.metadata([to.topic]))[0]?.partitions[0]?.leader
    const others = kafka.nodes.filter((_, index) => index + 1 !== leader)
    for (const node of others) node.pause()
    const short = await (await cluster.producer()).send(to, [record('b')], 3_000)
    expect(short.kind).not.toBe('stored')
    const waiting = producer.send(to, [record('c')], 60_000)
    for (const node of others) node.resume()
    expect(await waiting).toMatchObject({ kind: 'stored' })
    const values = await readAll(cluster, to)
    expect(values.filter((value) => value !== 'b')).toEqual(['a', 'c'])
  })
})
