import type { Delivery, DeliveryStream, Message } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { keyText, type Item } from '../../scenario/item.js'
import { untilDepth } from '../../scenario/settled.js'

const others = 500

/** C14: the second message of a key waits for the settlement of the first, however long the loop goes on with others; breaking out gives back. */
export const streams: Conformance = defineConformance({
  id: 'C14',
  parallel: true,
  minimum: { messages: others + 20, keys: 17 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('reader')
    const count = others + 20
    const publish = async (key: string, amount: number): Promise<void> => {
      for (let left = amount; left > 0; left--) await scenario.publishOne(client, topic, scenario.item(topic, key))
    }
    await publish('held', 3)
    const stream = client.stream(topic, { group: 'all' })
    const subscription = await stream.subscription
    await scenario.publishAll(client, topic, { count: others })
    const runs = recordRuns(scenario, client)
    let held: Run | undefined
    let passed = 0
    for await (const delivery of stream) {
      const run = runs.begin(delivery)
      assert.ok(!delivery.settled, 'a delivery comes unsettled')
      if (delivery.message.key === 'held' && held === undefined) {
        held = run
        continue
      }
      if (delivery.message.key === 'held') {
        assert.equal(passed, others, 'messages of other keys that passed while the first of its key was open')
        assert.equal(delivery.message.payload.n, 1, 'number of the message behind the one that was held')
        // Leaves the loop with this one and all that wait behind it unsettled.
        await publish('held', 17)
        break
      }
      await run.settle('ok', () => delivery.ack())
      passed++
      if (passed < others) continue
      const first = held as Run
      assert.equal(first.delivery.message.payload.n, 0, 'number of the message that was held')
      if (scenario.inspect.depth !== undefined) await untilDepth(scenario, topic.name, 'all', 3)
      await first.settle('ok', () => first.delivery.ack())
    }
    runs.abandon()
    assert.equal([passed, subscription.state], [others, 'closed'], 'others that passed, state behind the loop')
    assert.equal(client.health().subscriptions, [], 'subscriptions that are left')
    const again = await stream[Symbol.asyncIterator]().next()
    assert.equal(again.done, true, 'a stream that was left is at its end')

    const successor = await scenario.consume(await scenario.messaging('successor'), topic, { group: 'all' })
    await scenario.until(() => successor.done.size === 19, 'what the loop has left', { saw: () => successor.done.size })
    assert.equal(
      successor.runs.map(({ message, attempt }) => [message.payload.n, attempt]),
      Array.from({ length: 19 }, (_, index) => [index + 1, 1]),
      'number and attempt of what was given back',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
    assert.equal(runs.size() + successor.runs.length, count + 1, 'runs of both')
  },
})

/** C14: without keys `concurrency` are in the loop's reach; an error in the body closes and gives back; one before the start is thrown by the loop. */
export const streamErrors: Conformance = defineConformance({
  id: 'C14',
  part: 'errors',
  parallel: true,
  minimum: { messages: 500 },
  async run(scenario) {
    const count = 500
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('reader')
    await scenario.publishAll(client, topic, { count })
    const runs = recordRuns(scenario, client)
    const stop = new Error('enough')
    const thrown = await consume(client.stream(topic, { group: 'all', concurrency: 5 }))
    assert.equal(thrown, stop, 'what the loop throws')
    runs.abandon()
    assert.equal(client.health().subscriptions, [], 'subscriptions that are left')

    const wrong = client.stream(topic, { group: 'no good name' })
    await assert.rejects(wrong.subscription, 'INVALID_NAME', 'the subscription of a stream with a wrong name')
    await assert.rejects(
      wrong[Symbol.asyncIterator]().next(),
      'INVALID_NAME',
      'the loop over a stream with a wrong name',
    )
    await wrong.close()

    const second = await scenario.consume(await scenario.messaging('second'), topic, { group: 'all' })
    await scenario.until(() => runs.done() + second.done.size >= count, 'the rest', { saw: () => second.done.size })
    assert.equal(second.runs.length, count - runs.done(), 'deliveries of the rest')
    assert.ok(
      second.runs.every(({ attempt }) => attempt === 1),
      'an error of the loop is no attempt of the messages that waited',
    )
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })

    async function consume(stream: DeliveryStream<Message<Item>>): Promise<unknown> {
      const open: Run[] = []
      try {
        for await (const delivery of stream) {
          open.push(runs.begin(delivery))
          assert.atMost(open.length, 5, 'unsettled deliveries in the loop: the concurrency')
          // Settles from behind, all but the last two.
          if (open.length === 5) {
            for (const run of open.splice(2).toReversed()) await run.settle('ok', () => run.delivery.ack())
          }
          if (runs.done() >= 99) throw stop
        }
      } catch (error) {
        return error
      }
      return undefined
    }
  },
})

interface Run {
  readonly delivery: Delivery<Message<Item>>
  settle(outcome: 'ok', call: () => Promise<void>): Promise<void>
}

interface RunRecords {
  begin(delivery: Delivery<Message<Item>>): Run
  /** The loop was left: what is open was given back. */
  abandon(): void
  size(): number
  done(): number
}

function recordRuns(scenario: Scenario, client: Client): RunRecords {
  const { recorder } = scenario
  const open = new Map<number, Delivery<Message<Item>>>()
  let size = 0
  let done = 0
  return {
    begin(delivery) {
      const { message, group, partition, attempt } = delivery
      const row = recorder.handlerStarted({
        ...{ topic: message.topic, id: message.id, group, partition, attempt },
        ...{ instance: scenario.nameOf(client), key: keyText(message.key) },
      })
      open.set(row, delivery)
      size++
      return {
        delivery,
        async settle(outcome, call) {
          await call()
          assert.ok(delivery.settled, 'a delivery is settled when it was')
          open.delete(row)
          recorder.handlerEnded(row, outcome)
          done++
        },
      }
    },
    abandon() {
      for (const [row, delivery] of open) {
        assert.ok(delivery.settled, 'what was unsettled when the loop was left has been settled')
        recorder.handlerEnded(row, 'given-back')
      }
      open.clear()
    },
    size: () => size,
    done: () => done,
  }
}
