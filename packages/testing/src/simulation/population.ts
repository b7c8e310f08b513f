import { createGroupState, type Consumption, type GroupState } from './consumption.js'
import { Instance } from './instance.js'
import type { Publishing, Source } from './publishing.js'
import type { Seeded } from './seeded.js'
import type { World } from './world.js'

/** Processes that live at the same time at most. */
const mostConsumers = 5

/** Every process of a run. */
export class Population {
  readonly groups: ReadonlyMap<string, GroupState>
  readonly publishers: Instance[] = []
  readonly consumers: Instance[] = []
  readonly #world: World
  readonly #publishing: Publishing

  constructor(world: World, publishing: Publishing) {
    this.#world = world
    this.#publishing = publishing
    this.groups = new Map(world.plan.groups.map(({ group }) => [group, createGroupState(world)]))
  }

  get living(): readonly Instance[] {
    return this.consumers.filter(({ living }) => living)
  }

  get all(): readonly Instance[] {
    return [...this.publishers, ...this.consumers]
  }

  get hasRoom(): boolean {
    return this.living.length < mostConsumers
  }

  async addPublisher(): Promise<Instance> {
    const instance = new Instance(this.#world, this.#publishing, `p${this.publishers.length}`)
    this.publishers.push(instance)
    await instance.open(new Map())
    return instance
  }

  async join(): Promise<void> {
    const instance = new Instance(this.#world, this.#publishing, `i${this.consumers.length}`)
    this.#world.note(`join ${instance.name}`)
    this.consumers.push(instance)
    await instance.open(this.groups)
  }

  /** A consumer to which something can be done. */
  usable(random: Seeded): Instance | undefined {
    const usable = this.living.filter((instance) => instance.usable && !instance.frozen)
    return usable.length === 0 ? undefined : random.pick(usable)
  }

  /** Anybody to whom something can be done; publishers now and then. */
  anybody(random: Seeded): Instance | undefined {
    const publishers = this.publishers.filter(({ usable, frozen }) => usable && !frozen)
    return publishers.length > 0 && random.chance(0.3) ? random.pick(publishers) : this.usable(random)
  }

  source(random: Seeded): Source | undefined {
    const awake = this.publishers.filter(({ frozen }) => !frozen)
    const publisher = random.pick(awake.length > 0 ? awake : this.publishers)
    const { name, messaging } = publisher
    return messaging === undefined ? undefined : { name, messaging, dead: () => publisher.dead }
  }

  consumption(random: Seeded, group: string): { instance: Instance; consumption: Consumption } | undefined {
    const instance = this.usable(random)
    const consumption = instance?.consumptions.find(({ plan }) => plan.group === group)
    return instance === undefined || consumption === undefined ? undefined : { instance, consumption }
  }
}
