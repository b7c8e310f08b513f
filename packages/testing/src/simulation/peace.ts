import type { Population } from './population.js'
import type { Publishing } from './publishing.js'
import { createSeeded } from './seeded.js'
import type { World } from './world.js'

/** Longest simulated time in which everything has to come to its end. */
const mostMs = 600_000
const releaseEveryMs = 100
/** Handlers that go on without their delivery end in this time, and so do delays of lanes. */
const restMs = 10_000

/** Ends every fault, and waits until everything that can end has ended: what does not is a problem. */
export async function makePeace(world: World, population: Population, publishing: Publishing): Promise<void> {
  world.quiet = true
  world.note('peace')
  world.lasting.endAll()
  // What a thawed process has lost it hears before anything else.
  await world.clock.advance(1)
  if (population.living.every(({ closing }) => closing)) await population.join()
  const settled = (await drain(world, population, publishing)) && (await handleMore(world, population, publishing))
  if (!settled) return
  await world.clock.advance(restMs)
  checkRest(world, population)
}

/** Every key that was used goes on: a lane that stands still would hold up what comes now. */
async function handleMore(world: World, population: Population, publishing: Publishing): Promise<boolean> {
  const random = createSeeded('peace', world.seed)
  const source = population.source(random)
  if (source === undefined) return true
  for (const topic of new Set(world.plan.groups.map((group) => group.topic))) {
    for (const [index, key] of ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', '', null].entries())
      void publishing.one(source, topic, { id: `peace.${topic}.${index}`, key })
  }
  return drain(world, population, publishing)
}

async function drain(world: World, population: Population, publishing: Publishing): Promise<boolean> {
  const { control, plan, clock } = world
  const release = (): void => {
    for (const { consumptions } of population.living)
      for (const { subscription } of consumptions) if ((subscription?.held().length ?? 0) > 0) subscription?.release()
    stop = clock.after(releaseEveryMs, release)
  }
  let stop = clock.after(releaseEveryMs, release)
  const drained = (): boolean =>
    publishing.open === 0 &&
    plan.groups.every(({ topic, group }) => control.depth({ topic, group }) === 0) &&
    population.living.every(({ ready, closing }) => ready && !closing)
  try {
    await clock.runUntil(drained, mostMs)
    return true
  } catch (error) {
    world.problem(
      `it did not drain: ${String(error)}; ${publishing.open} publishes are open; ${stateOf(world, population)}`,
    )
    return false
  } finally {
    stop()
  }
}

function checkRest(world: World, population: Population): void {
  for (const { name, consumptions, messaging } of population.living) {
    for (const { plan, subscription } of consumptions) {
      const { running = 0, waiting = 0, held = 0 } = subscription?.stats() ?? {}
      if (running + waiting + held > 0)
        world.problem(`${name} ${plan.group} is not at rest: running ${running}, waiting ${waiting}, held ${held}`)
    }
    const pending = messaging?.health().pendingPublishes ?? 0
    if (pending > 0) world.problem(`${name} is not at rest: ${pending} publishes are pending`)
  }
}

/** Ends every process; each has to come to its end, in good order, and leave nothing behind. */
export async function closeAll(world: World, population: Population): Promise<void> {
  const random = createSeeded('end', world.seed)
  for (const instance of population.all) instance.close(random.pick([500, 25_000]), random.chance(0.5))
  try {
    await world.clock.runUntil(() => population.all.every(({ living }) => !living), mostMs)
  } catch (error) {
    world.problem(`close did not end: ${String(error)}`)
  }
  // Longer than any limiter waits.
  await world.clock.advance(100)
  for (const { name, clock, dead } of population.all)
    if (!dead && clock.pending > 0) world.problem(`${clock.pending} timers of ${name} wait after its close`)
  // Longer than any deadline of a close.
  await world.clock.advance(30_000)
  const { pending } = world.clock
  if (pending > 0) world.problem(`${pending} timers wait when everything is closed`)
  const listeners = world.control.listeners()
  // The rule that decides what becomes of messages is our own.
  if (listeners > 1) world.problem(`${listeners - 1} listeners are left at the broker`)
}

function stateOf({ control, plan }: World, population: Population): string {
  const depths = plan.groups.map(({ topic, group }) => `${group} ${control.depth({ topic, group })}`)
  const instances = population.living.map(({ name, ready, closing, consumptions }) => {
    const subscriptions = consumptions.map(
      ({ plan: { group }, subscription }) => `${group} ${subscription?.state} ${JSON.stringify(subscription?.stats())}`,
    )
    return `${name} ready ${ready} closing ${closing} ${subscriptions.join(' ')}`
  })
  return [...depths, ...instances].join('; ')
}
