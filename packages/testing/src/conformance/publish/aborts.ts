import { getEventListeners } from 'node:events'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Published } from '../../scenario/publishing.js'

/** P9 */
export const aborts: Conformance = defineConformance({
  id: 'P9',
  needs: { faults: ['disconnect', 'silence'] },
  minimum: { messages: 50, faults: 2 },
  async run(scenario) {
    const topic = scenario.keyedTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')
    await scenario.publishAll(client, topic, { count: 16 })
    const aborted: Published[] = []

    const early = await scenario.publishOne(client, topic, scenario.item(topic), { signal: AbortSignal.abort() })
    assert.equal(early.error?.code, 'ABORTED', 'a publish with a signal that has fired')
    aborted.push(early)
    const batchIds = [scenario.newId(), scenario.newId()]
    const batch = await client.publishBatch(
      topic,
      batchIds.map((id) => ({ id, payload: scenario.item(topic) })),
      { settled: true, signal: AbortSignal.abort() },
    )
    for (const member of batch) {
      assert.equal(
        member.status === 'failed' && member.error.code,
        'ABORTED',
        'each member of a batch with a signal that has fired',
      )
    }

    const connect = await scenario.faults.disconnect(client, 'publish')
    await scenario.until(() => client.health().publish !== 'ready', 'the publisher to know that it is disconnected')
    const waiting = new AbortController()
    const waits = Array.from({ length: 20 }, () =>
      scenario.publishOne(client, topic, scenario.item(topic), { signal: waiting.signal }),
    )
    const patient = scenario.publishOne(client, topic, scenario.item(topic))
    await scenario.until(() => client.health().pendingPublishes >= 21, '21 publishes that wait for the connection', {
      saw: () => client.health(),
    })
    waiting.abort()
    for (const published of await Promise.all(waits)) {
      assert.equal(published.error?.code, 'ABORTED', 'abort of a publish that was never written')
      aborted.push(published)
    }
    await connect()
    assert.equal((await patient).result, 'ok', 'the publish among them that was not aborted')
    assert.equal(getEventListeners(waiting.signal, 'abort').length, 0, 'listeners left on the signal after the abort')

    // One signal for many publishes: after they have ended it holds none of them.
    const shared = new AbortController()
    await scenario.publishAll(client, topic, { count: 100, options: () => ({ signal: shared.signal }) })
    assert.equal(
      getEventListeners(shared.signal, 'abort').length,
      0,
      'listeners left on the signal after 100 publishes',
    )

    // While the broker says nothing, a publish is written at some moment; from then on an abort cannot promise anything.
    const speak = await scenario.faults.silence(client, 'publish')
    let uncertain = 0
    await scenario.until(async () => {
      const controller = new AbortController()
      const under = scenario.publishOne(client, topic, scenario.item(topic), { signal: controller.signal })
      for (let turns = 2 ** Math.min(10, uncertain + aborted.length - 20); turns > 0; turns--) await turn()
      controller.abort()
      const published = await under
      const code = published.error?.code ?? 'stored'
      assert.ok(code === 'ABORTED' || code === 'UNCERTAIN', `abort of a publish under a silent broker: ${code}`)
      if (code === 'UNCERTAIN') uncertain++
      else aborted.push(published)
      return uncertain >= 3
    }, 'three aborts to be UNCERTAIN')
    await speak()

    const last = await scenario.publishAll(client, topic, { count: 16 })
    const all = await scenario.consume(await scenario.messaging('reader'), topic, { group: 'all' })
    await scenario.until(() => last.every(({ id }) => all.done.has(id)), 'the last message of each key', {
      saw: () => all.done.size,
    })
    for (const id of [...aborted.map((published) => published.id), ...batchIds]) {
      assert.ok(
        all.runs.every((run) => run.id !== id),
        `${id} was ABORTED and yet it arrived`,
      )
    }
    scenario.check({ groups: [{ topic: topic.name, group: 'all' }], resendsPerDoubt: 3 })
  },
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
