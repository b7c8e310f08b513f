import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { startTraffic } from './traffic.js'

const flaps = 20

/** What a process holds on to that somebody could forget to give back. */
interface Held {
  readonly listeners: number
  readonly process: number
}

/** R7: twenty flaps under load, each before or after the client has come back from the last one, as chance wants it. */
export const flapping: Conformance = defineConformance({
  id: 'R7',
  needs: { faults: ['cut'] },
  minimum: { messages: 2_000, keys: 32, faults: flaps },
  timeoutMs: 60_000,
  async run(scenario) {
    const { inspect } = scenario
    const traffic = await startTraffic(scenario)
    const { publisher, consumers, topic, consumptions } = traffic
    const clients = [publisher, ...consumers]
    const states: string[] = []
    for (const client of clients) {
      client.on('connection', ({ side, state }) => states.push(`${scenario.nameOf(client)} ${side} ${state}`))
    }
    const shared = (): readonly number[] =>
      consumptions.flatMap(({ subscription }) => subscription.stats().partitions).toSorted()
    const isShared = (): boolean =>
      shared().join() === '0,1,2,3' &&
      consumptions.every(({ subscription }) => subscription.stats().partitions.length > 0)
    // Who has not got its share yet has registered less than it will.
    await scenario.until(isShared, 'each of them to have its share', { saw: shared })
    const before = await held()
    for (let flap = 1; flap <= flaps; flap++) {
      const client = clients[flap % clients.length] as Client
      await scenario.faults.underLoad(
        `flap ${flap}`,
        async () => {
          const known = states.length
          await scenario.faults.cut(client)
          await scenario.until(() => states.length > known, 'the client to know of the cut')
          if (scenario.random() < 0.5)
            await scenario.until(() => client.health().status === 'up', 'the client to be back')
        },
        { publishes: 20, deliveries: 20 },
      )
    }
    for (const client of clients) {
      await scenario.until(() => client.health().status === 'up', 'everybody to be back', {
        saw: () => client.health(),
      })
    }
    await traffic.goesOn(200)

    if (inspect.members !== undefined) {
      await scenario.until(
        async () => (await inspect.members?.(topic.name, 'all')) === consumers.length,
        'one live consumer of each subscription',
        { saw: () => inspect.members?.(topic.name, 'all') },
      )
    }
    await scenario.until(() => shared().join() === '0,1,2,3', 'each partition to be with one of them', { saw: shared })
    // Every loss is told once, and every return once after it.
    for (const client of clients) {
      for (const side of ['publish', 'consume']) {
        const own = states
          .filter((state) => state.startsWith(`${scenario.nameOf(client)} ${side} `))
          .map((state) => state.split(' ').at(-1))
        const repeated = own.filter((state, index) => state === own[index - 1])
        assert.equal(repeated, [], `states of ${side} that were told twice in a row`)
        assert.equal(own.at(-1), 'ready', `last state of ${side}`)
      }
    }
    await traffic.finish({ allowOverlapAfterLoss: true })
    await scenario.until(
      async () => (await held()).listeners <= before.listeners,
      'listeners to be as many as before',
      {
        saw: async () => [before, await held()],
      },
    )
    assert.atMost((await held()).process, before.process, 'listeners of the process')

    async function held(): Promise<Held> {
      const names = process.eventNames()
      return {
        listeners: (await inspect.listeners?.()) ?? 0,
        process: names.reduce((sum, name) => sum + process.listenerCount(name), 0),
      }
    }
  },
})
