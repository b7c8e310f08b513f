import { binary, until, type Rabbit } from '@sluice/brokers'
import { createMessaging, defineTopic, unchecked, type Messaging } from '@sluice/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { rabbitmq } from '../../src/index.js'
import { freshName, openLinks, soon } from './real-broker.js'

interface Numbered {
  readonly n: number
}

const topicOf = (name: string, groups: readonly string[] = []) =>
  defineTopic(name, { schema: unchecked<Numbered>(), key: ({ n }) => `k${n % 5}`, partitions: 2, groups })

export function deletedSuite(rabbit: () => Rabbit): void {
  const open = async (): Promise<Messaging> => {
    const { host, port } = rabbit().node
    const messaging = await createMessaging({
      adapter: rabbitmq({ url: `amqp://${host}:${port}`, heartbeatSeconds: 2 }),
    })
    onTestFinished(async () => void (await messaging.close()))
    return messaging
  }

  describe('what somebody deletes at a broker', () => {
    it('an exchange comes back, with the bindings of every group that is consumed anywhere', async () => {
      const name = freshName()
      const topic = topicOf(name)
      const [publisher, first, second] = await Promise.all([open(), open(), open()])
      const seen = { first: new Set<number>(), second: new Set<number>() }
      await first.subscribe(topic, { group: 'first' }, ({ payload }) => void seen.first.add(payload.n))
      await second.subscribe(topic, { group: 'second' }, ({ payload }) => void seen.second.add(payload.n))
      const { consume } = await openLinks(rabbit())
      const publish = async (n: number): Promise<boolean> =>
        publisher.publish(topic, { n }).then(
          () => true,
          () => false,
        )
      for (let n = 0; n < 20; n += 1) expect(await publish(n)).toBe(true)

      await consume.onChannel((channel) => channel.deleteExchange(name), soon())
      let n = 20
      let stored = 0
      await until(
        'both groups to get what is published',
        async () => {
          // What was stored by the last time, which has had a while to arrive.
          if (stored > 0 && seen.first.has(stored) && seen.second.has(stored)) return true
          n += 1
          if (await publish(n)) stored = n
          return false
        },
        { timeoutMs: 60_000, everyMs: 100 },
      )
      const last = n + 20
      while (n < last) {
        n += 1
        expect(await publish(n)).toBe(true)
      }
      await until('the last one', async () => seen.first.has(n) && seen.second.has(n))
    })

    it('a consumer that the broker has forgotten is made again', async () => {
      const name = freshName()
      const topic = topicOf(name, ['all'])
      const client = await open()
      const seen = new Set<number>()
      await client.subscribe(topic, { group: 'all' }, ({ payload }) => void seen.add(payload.n))
      for (let n = 0; n < 20; n += 1) await client.publish(topic, { n })
      await until('messages before', async () => seen.size === 20)

      for (const partition of [0, 1]) await forget(rabbit(), `${name}.all:${partition}`)
      for (let n = 20; n < 40; n += 1) await client.publish(topic, { n })
      await expect.poll(() => seen.size, { timeout: 60_000 }).toBe(40)
    })

    it('an exchange comes back for a publisher that is alone, with the groups that its topic names', async () => {
      const name = freshName()
      const topic = topicOf(name, ['later'])
      const publisher = await open()
      await publisher.publish(topic, { n: 0 })
      const { consume } = await openLinks(rabbit())
      await consume.onChannel((channel) => channel.deleteExchange(name), soon())
      const answers: string[] = []
      for (let n = 1; n <= 10; n += 1) {
        await publisher.publish(topic, { n }).then(
          () => answers.push('stored'),
          (error: unknown) => answers.push(String(error)),
        )
      }
      // The first one was written to what was no longer there.
      expect(answers[0]).toContain('UNCERTAIN')
      expect(answers.slice(1)).toEqual(Array.from({ length: 9 }, () => 'stored'))
      const waiting = await consume.onChannel(async (channel) => {
        const queues = [await channel.checkQueue(`${name}.later:0`), await channel.checkQueue(`${name}.later:1`)]
        return queues.reduce((sum, { messages }) => sum + messages, 0)
      }, soon())
      expect(waiting).toBe(1 + 9)
    })

    it('a binding comes back while its queue is consumed', async () => {
      const name = freshName()
      const topic = defineTopic(name, { schema: unchecked<Numbered>() })
      const [publisher, consumer] = await Promise.all([open(), open()])
      const seen = new Set<number>()
      await consumer.subscribe(topic, { group: 'one' }, ({ payload }) => void seen.add(payload.n))
      await publisher.publish(topic, { n: 0 })
      await rabbit().node.evaluate(removeBinding(name, '0', `${name}.one`))
      await expect(publisher.publish(topic, { n: 1 })).rejects.toMatchObject({ code: 'UNROUTABLE' })
      let n = 1
      await until(
        'the group to get what is published',
        async () => {
          n += 1
          return publisher.publish(topic, { n }).then(
            () => true,
            () => false,
          )
        },
        { timeoutMs: 60_000, everyMs: 100 },
      )
      await until('it to be handled', async () => seen.has(n))
    })
  })
}

function removeBinding(exchange: string, key: string, queue: string): string {
  const resource = (kind: string, name: string): string => `rabbit_misc:r(<<"/">>, ${kind}, ${binary(name)})`
  const binding = `{binding, ${resource('exchange', exchange)}, ${binary(key)}, ${resource('queue', queue)}, []}`
  return `ok = rabbit_binding:remove(${binding}, <<"test">>)`
}

/** The queue lets go of its consumers, and their channels do not hear of it. */
async function forget(rabbit: Rabbit, queue: string): Promise<void> {
  // A consumer that has messages stays until they are settled.
  await until(`${queue} to be settled`, async () => (await rabbit.queue(queue))?.unacked === 0)
  await rabbit.evaluate(`
    {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, ${binary(queue)})),
    Leader = amqqueue:get_pid(Queue),
    {ok, {_, Consumers}, _} = ra:leader_query(Leader, fun rabbit_fifo:query_consumers/1, 5000),
    [{ok, _, _} = ra:process_command(Leader, rabbit_fifo:make_checkout(Id, cancel, #{})) || Id <- maps:keys(Consumers)],
    {ok, {_, 0}, _} = ra:leader_query(Leader, fun rabbit_fifo:query_consumer_count/1, 5000),
    ok`)
}
