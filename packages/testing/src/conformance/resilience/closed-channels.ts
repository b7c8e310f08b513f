import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { startTraffic } from './traffic.js'

/** R4: the broker closes the channels of a publisher, of a consumer, and of both sides of each, under load. Nobody has to be started again. */
export const closedChannels: Conformance = defineConformance({
  id: 'R4',
  needs: { faults: ['closeChannels'] },
  minimum: { messages: 1_000, keys: 32, faults: 6 },
  timeoutMs: 60_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario, { inFlight: 64 })
    const { publisher, consumers } = traffic
    const consumer = consumers[0] ?? publisher
    for (const [client, side] of [
      [publisher, 'publish'],
      [consumer, 'consume'],
      [publisher, undefined],
      [consumer, undefined],
      [publisher, 'publish'],
      [consumer, 'consume'],
    ] as const) {
      await scenario.faults.underLoad(`closing channels of ${scenario.nameOf(client)}`, () =>
        scenario.faults.closeChannels(client, side),
      )
      await traffic.goesOn()
    }
    for (const client of [publisher, ...consumers])
      await scenario.until(() => client.health().status === 'up', 'health to be up', { saw: () => client.health() })
    await traffic.finish({ allowOverlapAfterLoss: true })
    assert.equal(
      traffic.load.results.filter(({ result }) => result !== 'ok').length,
      0,
      'patient publishes that have failed',
    )
    for (const { subscription } of traffic.consumptions) assert.equal(subscription.state, 'running', 'subscription')
  },
})
