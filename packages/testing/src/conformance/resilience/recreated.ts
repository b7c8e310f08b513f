import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { untilDepth } from '../../scenario/settled.js'

/** R5: somebody deletes the queues of a running subscription. In `declare` mode they are there again, and an event names the gap. */
export const recreated: Conformance = defineConformance({
  id: 'R5',
  parallel: true,
  needs: { faults: ['deleteTopic'] },
  minimum: { messages: 500, keys: 16, faults: 1 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    const publisher = await scenario.messaging('publisher', { publishTimeoutMs: scenario.harness.timings.patienceMs })
    const notices: string[] = []
    client.on('notice', ({ kind, text, topic: name, group }) => notices.push(`${kind} ${name} ${group} ${text}`))
    const all = await scenario.consume(client, topic, { group: 'all' })
    for (let round = 1; round <= 2; round++) {
      const before = all.done.size
      await scenario.publishAll(publisher, topic, { count: 150 })
      await scenario.until(() => all.done.size === before + 150, 'messages before the deletion')
      await untilDepth(scenario, topic.name, 'all')
      const known = notices.length
      await scenario.faults.deleteTopic(topic.name)
      scenario.count({ faults: 1 })
      await scenario.until(() => notices.length > known, 'an event that names the gap')
      const { topic: name } = all.subscription
      assert.ok(
        notices.at(-1)?.startsWith('group-recreated ') === true && notices.at(-1)?.includes(`${name} all`) === true,
        `the event tells what was created again: ${notices.at(-1)}`,
      )
      await scenario.until(() => client.health().status === 'up', 'health to be up', { saw: () => client.health() })
      const { owners } = scenario.inspect
      if (owners === undefined) continue
      // Queues that lie on several nodes do not vanish all at once, so there may be one more gap behind the first.
      const all4 = async (): Promise<boolean> => {
        const found = await owners(topic.name, 'all')
        return found.length === 4 && found.every((owner) => owner !== undefined)
      }
      await scenario.until(all4, 'all partitions to be consumed again', { saw: () => owners(topic.name, 'all') })
    }
    await scenario.publishAll(publisher, topic, { count: 200 })
    await scenario.until(() => all.done.size === 500, 'messages after the last deletion', { saw: () => all.done.size })
    await untilDepth(scenario, topic.name, 'all')
    assert.equal(all.runs.length, 500, 'runs')
    assert.atLeast(notices.length, 2, 'notices')
    assert.atMost(notices.length, 2 * 4, 'notices: at most one for each queue that was deleted')
    assert.equal(all.subscription.state, 'running', 'state of the subscription')
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }] })
  },
})

/** R5: in `verify` mode nobody may declare: the subscription ends, says so in every way, and others go on. */
export const deletedForGood: Conformance = defineConformance({
  id: 'R5',
  part: 'verify',
  parallel: true,
  needs: { faults: ['deleteTopic'] },
  minimum: { messages: 500, keys: 16, faults: 1 },
  async run(scenario) {
    const [topic, other] = [scenario.keyedTopic(), scenario.keyedTopic()]
    const operator = await scenario.messaging('operator')
    for (const one of [topic, other]) await operator.provision([{ topic: one, groups: ['all'] }])
    const client = await scenario.messaging('consumer', { topology: 'verify' })
    const failed: string[] = []
    client.on('failed', ({ topic: name, group, error }) => failed.push(`${name} ${group} ${error.code}`))
    const all = await scenario.consume(client, topic, { group: 'all' })
    const rest = await scenario.consume(client, other, { group: 'all' })
    await scenario.publishAll(operator, topic, { count: 200 })
    await scenario.until(() => all.done.size === 200, 'messages before the deletion')
    await untilDepth(scenario, topic.name, 'all')
    await scenario.faults.deleteTopic(topic.name)
    scenario.count({ faults: 1 })
    const error = await assert.rejects(all.subscription.closed, 'UNKNOWN_TOPIC', 'a subscription whose queues are gone')
    assert.ok(error.message.includes(topic.name), `the error names the topic: ${error.message}`)
    await scenario.until(() => failed.length > 0, 'the event')
    assert.equal(failed, [`${topic.name} all UNKNOWN_TOPIC`], 'events')
    assert.equal([all.subscription.state, client.health().status], ['failed', 'down'], 'state, health')
    assert.ok(
      client.health().problems.some((problem) => problem.includes(topic.name)),
      'health says which subscription',
    )
    await scenario.publishAll(operator, other, { count: 300 })
    await scenario.until(() => rest.done.size === 300, 'the other subscription to go on')
    assert.equal(rest.subscription.state, 'running', 'state of the other subscription')
    scenario.check({ groups: [topic, other].map(({ name }) => ({ topic: name, group: 'all' })) })
  },
})
