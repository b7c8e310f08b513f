import type { Population } from './population.js'
import type { ActionOf } from './schedule.js'
import type { Seeded } from './seeded.js'
import type { World } from './world.js'

/** What happens to groups and their consumers. */
export class GroupActions {
  /** Groups whose dead letters and copies fail at the moment. */
  readonly refusing: Set<string> = new Set()
  readonly #world: World
  readonly #population: Population

  constructor(world: World, population: Population) {
    this.#world = world
    this.#population = population
  }

  handOver({ group: number, partition: wanted, deadlineMs }: ActionOf<'hand-over'>, random: Seeded): void {
    const world = this.#world
    const { topic, group } = world.group(number)
    const owners = world.control.owners({ topic, group })
    const partition = wanted % owners.length
    const target = this.#population.usable(random)
    const owner = this.#population.living.find(({ name }) => name === owners[partition])
    if (target === undefined) return
    if (!world.control.handOver({ topic, group }, partition, target.name, { deadlineMs })) return
    world.fault(`hand over partition ${partition} of ${group} to ${target.name}`)
    if (owner === undefined) return
    owner.handingOverUntilMs = world.clock.monotonic() + deadlineMs
    const runs = owner.consumptions.find(({ plan }) => plan.group === group)?.runs
    if (runs?.running(partition) === true) world.situations.saw('hand-over with a handler running')
  }

  storeMood({ mood, forMs }: ActionOf<'store-mood'>): void {
    const ways = this.#population.living.flatMap(({ consumptions }) => consumptions.map(({ way }) => way))
    this.#world.lasting.begin(
      'store-mood',
      forMs,
      () => {
        this.#world.fault(`stores are ${mood}`)
        for (const way of ways) way.mood = mood
      },
      () => {
        for (const way of ways) way.mood = 'quick'
      },
    )
  }

  pause({ group: number, forMs }: ActionOf<'pause'>, random: Seeded): void {
    const world = this.#world
    const { group } = world.group(number)
    const found = this.#population.consumption(random, group)
    const subscription = found?.consumption.subscription
    if (found === undefined || subscription === undefined) return
    const { name } = found.instance
    world.lasting.begin(
      `pause ${name} ${group}`,
      forMs,
      () => {
        world.fault(`pause ${name} ${group}`)
        subscription.pause()
      },
      () => {
        world.note(`resume ${name} ${group}`)
        found.instance.run(() => subscription.resume())
      },
    )
  }

  release({ as }: ActionOf<'release'>): void {
    for (const instance of this.#population.living)
      for (const { subscription } of instance.consumptions) instance.run(() => subscription?.release({ as }))
  }

  breakDown({ group: number, forMs }: ActionOf<'break-down'>): void {
    const world = this.#world
    const { group } = world.group(number)
    const state = this.#population.groups.get(group)
    if (state === undefined) return
    world.lasting.begin(
      `break-down ${group}`,
      forMs,
      () => {
        world.fault(`${group} breaks down`)
        state.broken = true
      },
      () => {
        world.note(`${group} works again`)
        state.broken = false
      },
    )
  }

  refuseCopies({ group: number, forMs }: ActionOf<'refuse-copies'>): void {
    const world = this.#world
    const { group } = world.group(number)
    world.lasting.begin(
      `refuse-copies ${group}`,
      forMs,
      () => {
        world.fault(`copies of ${group} fail`)
        this.refusing.add(group)
      },
      () => this.refusing.delete(group),
    )
  }
}
