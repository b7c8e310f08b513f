import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { startTraffic } from './traffic.js'

/**
 * R11: the event loop stands still for three heartbeats, three times, under publishes and handlers. Deadlines have passed, heartbeats
 * were missed; nothing is lost, and no publish that was stored is told to have failed for sure.
 */
export const blockedLoop: Conformance = defineConformance({
  id: 'R11',
  needs: { signsOfLife: true },
  minimum: { messages: 1_000, keys: 32, faults: 3 },
  timeoutMs: 240_000,
  async run(scenario) {
    const { heartbeatMs, patienceMs } = scenario.harness.timings
    const traffic = await startTraffic(scenario, { inFlight: 64 })
    const { publisher, consumers, topic } = traffic
    for (let block = 1; block <= 3; block++) {
      // With a deadline that passes while nothing can be told.
      const hurried = scenario.publishAll(publisher, topic, {
        count: 50,
        keys: 8,
        mayFail: true,
        options: () => ({ timeoutMs: heartbeatMs }),
      })
      await scenario.faults.underLoad(`block ${block}`, async () => {
        for (const client of [publisher, ...consumers])
          scenario.recorder.fault({ kind: 'connection-lost', instance: scenario.nameOf(client) })
        blockFor(heartbeatMs * 3)
        await scenario.until(
          () => [publisher, ...consumers].every((client) => client.health().status === 'up'),
          'everybody to be back',
          { timeoutMs: patienceMs, saw: () => publisher.health() },
        )
        for (const client of [publisher, ...consumers])
          scenario.recorder.fault({ kind: 'connection-restored', instance: scenario.nameOf(client) })
      })
      for (const { error } of await hurried) {
        const code = error?.code
        assert.ok(code === undefined || code === 'TIMEOUT' || code === 'UNCERTAIN', `a publish ended as ${code ?? ''}`)
      }
      await traffic.goesOn()
    }
    await traffic.finish({ allowOverlapAfterLoss: true })
    for (const { subscription } of traffic.consumptions) {
      const { deadLettered, retried } = subscription.stats()
      assert.equal([subscription.state, deadLettered, retried], ['running', 0, 0], 'state, dead letters, retries')
    }
    assert.ok(
      traffic.runs.runs.every(({ attempt }) => attempt === 1),
      'no attempt is counted for a process that stood still',
    )
  },
})

function blockFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
