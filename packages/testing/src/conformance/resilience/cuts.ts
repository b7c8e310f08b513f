import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { silenced, startTraffic } from './traffic.js'

/** R2: connections are cut at random moments, in turn on the publishing side, the consuming side and both, of publisher and consumers. */
export const cutConnections: Conformance = defineConformance({
  id: 'R2',
  part: 'cut',
  parallel: true,
  needs: { faults: ['cut'] },
  minimum: { messages: 1_000, keys: 32, faults: 9 },
  timeoutMs: 60_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario, { inFlight: 64 })
    const { publisher, consumers } = traffic
    // Answers that take a while make sure that each cut hits publishes that the broker has, and has not told.
    if (scenario.harness.faults.slowSends !== undefined) await scenario.faults.slowSends(2)
    const lost: string[] = []
    for (const client of [publisher, ...consumers]) {
      client.on('connection', ({ side, state }) => {
        if (state === 'lost') lost.push(side)
      })
    }
    let cuts = 0
    for (const side of ['publish', 'consume', undefined] as const) {
      for (const client of [publisher, ...consumers]) {
        await scenario.faults.underLoad(`cut ${++cuts}`, async () => {
          const before = lost.length
          await scenario.faults.cut(client, side)
          if (scenario.harness.mendsCuts !== true)
            await scenario.until(() => lost.length > before, 'the client to know of the cut')
          await traffic.goesOn()
        })
      }
    }
    const { counts } = await traffic.finish({ allowOverlapAfterLoss: true })
    assert.equal(counts.faults >= cuts, true, 'cuts are in the history')
    for (const client of [publisher, ...consumers]) {
      await scenario.until(() => client.health().status === 'up', 'health to be up', { saw: () => client.health() })
    }
    for (const { subscription } of traffic.consumptions) assert.equal(subscription.state, 'running', 'subscription')
  },
})

/** R2: a connection that is open for one end only: nothing passes, nobody is told. The client finds out and comes back. */
export const halfOpen: Conformance = defineConformance({
  id: 'R2',
  part: 'half-open',
  parallel: true,
  needs: { faults: ['silence'] },
  minimum: { messages: 500, keys: 32, faults: 2 },
  timeoutMs: 60_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario)
    const { publisher, consumers } = traffic
    const { detectMs, patienceMs } = scenario.harness.timings
    for (const [client, side] of [
      [publisher, 'publish'],
      [consumers[0] ?? publisher, 'consume'],
    ] as const) {
      await scenario.faults.underLoad(`silence on ${side}`, () =>
        silenced(scenario, async () => {
          const speak = await scenario.faults.silence(client, side)
          await scenario.until(() => client.health()[side] !== 'ready', `${side} to be known as lost`, {
            timeoutMs: detectMs + patienceMs,
          })
          await speak()
          await scenario.until(
            () => [publisher, ...consumers].every((one) => one.health().status === 'up'),
            'everybody to be back',
          )
        }),
      )
      await traffic.goesOn()
    }
    await traffic.finish({ allowOverlapAfterLoss: true })
  },
})
