import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { emptyRuns, type Consumption } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'

const keys = 24

/**
 * O2: instances join, leave and hand over under load while handlers run. Planned moves cost neither order nor a duplicate, and over all
 * instances a key has one handler at a time.
 */
export const oneAtATime: Conformance = defineConformance({
  id: 'O2',
  minimum: { messages: 1_000, keys, faults: 6 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 6, groups: ['all'] })
    const publisher = await scenario.messaging('publisher')
    const runs = emptyRuns<Item>()
    const open = new Map<string, string>()
    const clashes: string[] = []
    let joined = 0
    const members: { readonly client: Client; readonly consumption: Consumption<Item> }[] = []
    const join = async (): Promise<void> => {
      const client = await scenario.messaging(`member-${++joined}`)
      const name = scenario.nameOf(client)
      const body = async ({ id, payload }: { readonly id: string; readonly payload: Item }): Promise<void> => {
        const key = payload.key ?? ''
        const other = open.get(key)
        if (other !== undefined) clashes.push(`${id} on ${name} beside ${other}`)
        open.set(key, `${id} on ${name}`)
        await takes(scenario.random() * 4)
        open.delete(key)
      }
      const options = { group: 'all', concurrency: keys }
      members.push({ client, consumption: await scenario.consume(client, topic, options, body, runs) })
    }
    const shared = async (): Promise<void> => {
      const owned = (): readonly number[] => members.flatMap((one) => one.consumption.subscription.stats().partitions)
      await scenario.until(
        () =>
          members.every((one) => one.consumption.subscription.stats().partitions.length > 0) && owned().length === 6,
        'the partitions to be shared',
        { saw: owned },
      )
    }
    const leave = async (index: number, whole: boolean): Promise<void> => {
      const [one] = members.splice(index, 1)
      const report = whole ? await one?.client.close() : await one?.consumption.subscription.close()
      assert.equal([report?.clean, report?.leftRunning], [true, 0], 'report of a planned leave')
    }
    await join()
    const load = scenario.startLoad(publisher, topic, { inFlight: 64, keys, handled: () => runs.done.size })
    const { underLoad } = scenario.faults
    await underLoad('the first join', join)
    await underLoad('two joins at once', async () => void (await Promise.all([join(), join()])))
    await shared()
    await underLoad('the leave of the oldest', () => leave(0, true))
    await underLoad('the close of a subscription', () => leave(1, false))
    await underLoad('a leave and a join at once', async () => void (await Promise.all([leave(0, true), join()])))
    await shared()
    await underLoad('the leave of all but one', () => leave(0, true))
    const sent = await load.stop()
    await scenario.until(() => sent.every(({ id }) => runs.done.has(id)), `${sent.length} messages`, {
      saw: () => runs.done.size,
    })
    assert.equal(clashes, [], 'handlers of one key at the same time')
    assert.equal(runs.runs.length, sent.length, 'deliveries over all instances')
    const { counts } = scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    assert.equal(counts.duplicates, 0, 'duplicates')
  },
})

/** O2: one partition after the other is handed to and fro between two instances, as chosen by an operator, while its handlers run. */
export const handedToAndFro: Conformance = defineConformance({
  id: 'O2',
  part: 'hand-over',
  needs: { faults: ['handOver'], inspect: ['owners'] },
  minimum: { messages: 1_000, keys, faults: 8 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 3, groups: ['all'] })
    const group = { topic: topic.name, group: 'all' }
    const publisher = await scenario.messaging('publisher')
    const runs = emptyRuns<Item>()
    const clients = [await scenario.messaging('one'), await scenario.messaging('two')]
    for (const client of clients) {
      const body = (): Promise<void> => takes(scenario.random() * 4)
      await scenario.consume(client, topic, { group: 'all', concurrency: keys }, body, runs)
    }
    const owners = async (): Promise<readonly (string | undefined)[]> =>
      (await scenario.inspect.owners?.(topic.name, 'all')) ?? []
    const load = scenario.startLoad(publisher, topic, { inFlight: 64, keys, handled: () => runs.done.size })
    for (let move = 0; move < 8; move++) {
      const partition = move % 3
      await scenario.until(
        async () => (await owners()).every((owner) => owner !== undefined),
        'every partition to be owned',
      )
      const from = (await owners())[partition]
      const to = clients.find((client) => scenario.nameOf(client) !== from) as Client
      await scenario.faults.underLoad(`hand-over ${move}`, async () => {
        await scenario.faults.handOver(group, partition, to)
        await scenario.until(
          async () => (await owners())[partition] === scenario.nameOf(to),
          'the partition to have moved',
        )
      })
    }
    const sent = await load.stop()
    await scenario.until(() => sent.every(({ id }) => runs.done.has(id)), `${sent.length} messages`)
    assert.equal(runs.runs.length, sent.length, 'deliveries over both instances')
    const { counts } = scenario.check({ groups: [group] })
    assert.equal(counts.duplicates, 0, 'duplicates')
  },
})
