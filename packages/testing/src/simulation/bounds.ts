import type { Population } from './population.js'
import type { World } from './world.js'

/** Asks every process whether what it holds is within its limits. */
export function checkBounds(world: World, population: Population): void {
  for (const instance of population.living) {
    const { name, messaging } = instance
    if (messaging === undefined || !instance.usable) continue
    const pending = messaging.health().pendingPublishes
    // Dead letters and delayed copies have their own limit: what the windows hold.
    const copies = instance.consumptions.reduce(
      (sum, { plan }) => sum + plan.window * partitionsOf(world, plan.topic),
      0,
    )
    if (pending > world.plan.bufferMessages + copies)
      world.problem(`${name} holds ${pending} publishes, ${world.plan.bufferMessages} and ${copies} copies are allowed`)
    for (const { plan, subscription } of instance.consumptions) {
      if (subscription === undefined) continue
      const { running, waiting, held, partitions } = subscription.stats()
      if (running > plan.concurrency) world.problem(`${name} ${plan.group} runs ${running} handlers`)
      const most = plan.window * partitions.length
      if (waiting + held > most)
        world.problem(`${name} ${plan.group} holds ${waiting + held} deliveries, ${most} are allowed`)
    }
  }
}

function partitionsOf({ plan }: World, topic: 'orders' | 'notes'): number {
  return topic === 'orders' ? plan.partitions : 2
}
