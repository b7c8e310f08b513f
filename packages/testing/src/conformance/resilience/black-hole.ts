import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { silenced, startTraffic } from './traffic.js'

/** Slack for timers of a busy machine, in ms. */
const lateMs = 500

/**
 * R9: nothing passes for longer than three heartbeats. Whoever waits learns it in time: the state within three heartbeats, a publish by
 * its deadline, and never with the wrong word. What could not be told is sent again afterwards, nothing is lost.
 */
export const blackHole: Conformance = defineConformance({
  id: 'R9',
  needs: { faults: ['silence'] },
  minimum: { messages: 600, keys: 32, faults: 1 },
  timeoutMs: 120_000,
  async run(scenario) {
    const { heartbeatMs, patienceMs, detectMs } = scenario.harness.timings
    const traffic = await startTraffic(scenario, { inFlight: 64 })
    const { publisher } = traffic
    const consumer = traffic.consumers[0] ?? publisher
    await traffic.goesOn(300)
    const told: string[] = []
    for (const client of [publisher, consumer]) {
      client.on('connection', ({ side, state, cause }) => {
        if (state === 'lost') told.push(`${scenario.nameOf(client)} ${side} ${cause?.code ?? 'without a cause'}`)
      })
    }
    // Answers that take a while: the hole opens under publishes that the broker has and has not told.
    if (scenario.harness.faults.slowSends !== undefined) await scenario.faults.slowSends(3)
    const timeoutMs = Math.ceil(heartbeatMs * 1.5)
    const waits: { readonly ms: number; readonly ranMs: number; readonly code: string | undefined }[] = []
    const impatient = async (count: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const watch = scenario.stopwatch()
          const item = scenario.item(traffic.topic, `impatient-${index % 8}`)
          const { error } = await scenario.publishOne(publisher, traffic.topic, item, { timeoutMs })
          waits.push({ ms: watch.ms, ranMs: watch.ranMs, code: error?.code })
        }),
      )
    }
    await scenario.faults.underLoad('the black hole', () =>
      silenced(scenario, async () => {
        const speak = await scenario.faults.silence(publisher)
        const beganMs = performance.now()
        const early = impatient(50)
        // Where the sides are connections of their own, each notices by its own heartbeat: both have the same bound.
        await scenario.until(
          () => publisher.health().publish !== 'ready' && publisher.health().consume !== 'ready',
          'both sides of the publisher to notice',
          { timeoutMs: heartbeatMs * 3 + lateMs, saw: () => publisher.health() },
        )
        assert.atLeast(
          performance.now() - beganMs,
          heartbeatMs / 2,
          'ms of silence after which a connection is given up',
        )
        assert.equal(publisher.health().status, 'down', 'health')
        assert.ok(publisher.health().problems.length > 0, 'health tells what is wrong')
        await Promise.all([early, impatient(50)])
        await speak()
        await scenario.until(() => publisher.health().status === 'up', 'the publisher to be back', {
          timeoutMs: detectMs + patienceMs,
          saw: () => publisher.health(),
        })
        await scenario.until(
          () => traffic.consumers.every((one) => one.health().status === 'up'),
          'everybody to be back',
        )
      }),
    )
    assert.equal(waits.length, 100, 'publishes that were answered')
    for (const { ms, ranMs, code } of waits) {
      assert.ok(code === 'TIMEOUT' || code === 'UNCERTAIN', `a publish into a black hole ends as ${code ?? 'stored'}`)
      assert.atLeast(ms, timeoutMs - 1, 'ms that it has waited')
      assert.atMost(ranMs, timeoutMs + lateMs, 'ms that it has waited')
    }
    const mine = told.filter((text) => text.startsWith(scenario.nameOf(publisher)))
    assert.equal(
      mine.toSorted().map((text) => text.split(' ').slice(1).join(' ')),
      ['consume DISCONNECTED', 'publish DISCONNECTED'],
      'events of the loss',
    )
    await traffic.finish({ allowOverlapAfterLoss: true })
    const patient = traffic.load.results
    assert.equal(patient.filter(({ result }) => result !== 'ok').length, 0, 'patient publishes that have failed')
  },
})
