import type { SubscribeOptions } from '@sluice/core'
import type { CheckOptions } from '../../history/options.js'
import type { HistoryReport } from '../../history/report.js'
import type { Scenario } from '../../scenario.js'
import type { AskAnything, Client } from '../../scenario/clients.js'
import { emptyRuns, type Consumption, type Runs } from '../../scenario/consuming.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item, ItemTopic } from '../../scenario/item.js'
import type { Load } from '../../scenario/load.js'
import { untilDepth } from '../../scenario/settled.js'

export interface TrafficOptions {
  /** @default 2 */
  readonly consumers?: number
  /** @default 4 */
  readonly partitions?: number
  /** @default 16 */
  readonly inFlight?: number
  /** @default 8 per consumer */
  readonly concurrency?: number
}

/** One publisher and some consumers of one group at work, to be disturbed. */
export interface Traffic {
  readonly topic: ItemTopic<true>
  readonly publisher: Client
  readonly consumers: readonly Client[]
  readonly consumptions: readonly Consumption<Item>[]
  /** Of all consumers. */
  readonly runs: Runs<Item>
  readonly load: Load
  /** Waits until so many more messages are handled, by whomever. */
  goesOn(count?: number): Promise<void>
  /** Ends the load, waits until all of it is handled and stored, and judges it. */
  finish(options?: CheckOptions): Promise<HistoryReport>
}

const group = 'all'

/** Publishers are patient: each publish that is not aborted has to be stored in the end. */
export async function startTraffic(scenario: Scenario, options: TrafficOptions = {}): Promise<Traffic> {
  const { consumers: count = 2, partitions = 4, inFlight = 16, concurrency = 8 } = options
  const topic = scenario.keyedTopic({ partitions, groups: [group] })
  const patience = scenario.harness.timings.patienceMs
  const publisher = await scenario.messaging('publisher', { publishTimeoutMs: patience })
  const runs: Runs<Item> = emptyRuns()
  const consumers: Client[] = []
  const consumptions: Consumption<Item>[] = []
  for (let left = count; left > 0; left--) {
    const client = await scenario.messaging('consumer')
    const subscribeOptions: SubscribeOptions<AskAnything, true> = { group, concurrency }
    const body = (): Promise<void> => takes(scenario.random() * 3)
    consumers.push(client)
    consumptions.push(await scenario.consume(client, topic, subscribeOptions, body, runs))
  }
  const load = scenario.startLoad(publisher, topic, { inFlight, keys: 32, handled: () => runs.done.size })
  const traffic: Traffic = {
    topic,
    publisher,
    consumers,
    consumptions,
    runs,
    load,
    async goesOn(more = 50) {
      const before = runs.done.size
      await scenario.until(() => runs.done.size >= before + more, `${more} more messages to be handled`, {
        saw: () => [runs.done.size - before, publisher.health().problems],
      })
    },
    async finish(checkOptions = {}) {
      const results = await load.stop()
      const stored = results.filter(({ result }) => result === 'ok')
      await scenario.until(() => stored.every(({ id }) => runs.done.has(id)), `${stored.length} messages`, {
        saw: () => runs.done.size,
      })
      await untilDepth(scenario, topic.name, group)
      return scenario.check({ groups: [{ topic: topic.name, group }], resendsPerDoubt: 3, ...checkOptions })
    },
  }
  await traffic.goesOn()
  return traffic
}

/** A harness may silence more than the one client that it was asked for: whoever is hit may lose what it has not stored. */
export async function silenced(scenario: Scenario, fault: () => Promise<void>): Promise<void> {
  scenario.recorder.fault({ kind: 'connection-lost', instance: null })
  await fault()
  scenario.recorder.fault({ kind: 'connection-restored', instance: null })
}
