import type { Instance } from './instance.js'
import type { Population } from './population.js'
import type { ActionOf, CloseMoment } from './schedule.js'
import type { Seeded } from './seeded.js'
import type { World } from './world.js'

/** How often somebody looks whether the moment for a close has come. */
const lookMs = 5

/** What happens to processes and their connections. */
export class ProcessActions {
  readonly #world: World
  readonly #population: Population

  constructor(world: World, population: Population) {
    this.#world = world
    this.#population = population
  }

  async join(): Promise<void> {
    if (this.#population.hasRoom) await this.#population.join()
  }

  drop(action: ActionOf<'drop'>, random: Seeded): void {
    const instance = this.#population.anybody(random)
    if (instance === undefined) return
    this.#drop(instance, action)
    const { againMs } = action
    if (againMs !== undefined) this.#world.lasting.later(againMs, () => this.#drop(instance, action))
  }

  freeze({ forMs }: ActionOf<'freeze'>, random: Seeded): void {
    const world = this.#world
    const instance = this.#population.anybody(random)
    if (instance === undefined) return
    world.lasting.begin(
      `freeze ${instance.name}`,
      forMs,
      () => {
        world.fault(`freeze ${instance.name}`)
        instance.freeze()
      },
      () => instance.thaw(),
    )
  }

  kill({ noticeMs, unreported }: ActionOf<'kill'>, random: Seeded): void {
    const instance = this.#population.usable(random)
    if (instance === undefined) return
    this.#world.fault(`kill ${instance.name}`)
    instance.kill(noticeMs, unreported)
  }

  killAtLetter({ withinMs, noticeMs }: ActionOf<'kill-at-letter'>): void {
    const world = this.#world
    world.facts.onLetter((clientName) => {
      if (world.quiet) return true
      const instance = this.#population.living.find(({ name }) => name === clientName)
      if (instance === undefined) return false
      world.lasting.later(withinMs, () => {
        if (!instance.living) return
        world.fault(`kill ${clientName} after a dead letter`)
        instance.kill(noticeMs, 'half')
      })
      return true
    })
  }

  close({ deadlineMs, when, withinMs }: ActionOf<'close'>, random: Seeded): void {
    const world = this.#world
    const untilMs = world.clock.monotonic() + withinMs
    const look = (): void => {
      if (this.#population.living.filter(({ usable }) => usable).length < 2) return
      const instance = this.#population.usable(random)
      if (instance === undefined) return
      if (when !== 'now' && !isAt(instance, when) && world.clock.monotonic() < untilMs)
        world.lasting.later(lookMs, look)
      else {
        world.fault(`close ${instance.name} within ${deadlineMs}`)
        instance.close(deadlineMs, random.chance(0.5))
      }
    }
    look()
  }

  #drop(instance: Instance, { side, unreported }: ActionOf<'drop'>): void {
    const { name, control, frozen, living } = instance
    if (!living || frozen || control === undefined) return
    this.#world.fault(`drop ${name} ${side ?? 'both'}`)
    instance.cut('dropped')
    control.drop({ unreported, ...(side === undefined ? {} : { side }) })
    instance.mended('dropped')
  }
}

function isAt({ consumptions }: Instance, moment: CloseMoment): boolean {
  return consumptions.some(({ plan, runs, subscription }) => {
    if (subscription === undefined) return false
    if (moment === 'batch-running') return plan.form === 'batch' && runs.running()
    if (moment === 'breaker-open') return subscription.state === 'breaker-open'
    return subscription.stats().held > subscription.held().length
  })
}
