import type { Scenario } from '../scenario.js'
import type { Client } from './clients.js'
import type { ItemTopic } from './item.js'
import type { Load, LoadOptions } from './load.js'

const answerMs = 4

/**
 * A load that consumers can follow: where answers come in microtasks a stream of publishes would pile up a backlog of any size, and the
 * test would measure the machine.
 */
export async function startPacedLoad(
  scenario: Scenario,
  client: Client,
  topic: ItemTopic<boolean>,
  options: LoadOptions = {},
): Promise<Load> {
  if (scenario.harness.faults.slowSends !== undefined) await scenario.faults.slowSends(answerMs)
  return scenario.startLoad(client, topic, { inFlight: 10, ...options })
}
