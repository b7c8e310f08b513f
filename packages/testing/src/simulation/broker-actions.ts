import type { Population } from './population.js'
import type { ActionOf } from './schedule.js'
import type { World } from './world.js'

/** What happens to the broker itself, for a while. */
export class BrokerActions {
  readonly #world: World
  readonly #population: Population

  constructor(world: World, population: Population) {
    this.#world = world
    this.#population = population
  }

  stop({ forMs, unreported }: ActionOf<'stop-broker'>): void {
    this.#down(
      'stop',
      forMs,
      () => this.#world.control.stop({ unreported }),
      () => this.#world.control.start(),
    )
  }

  silence({ forMs, unreported }: ActionOf<'silence-broker'>): void {
    this.#down(
      'silence',
      forMs,
      () => this.#world.control.silence({ unreported }),
      () => this.#world.control.speak(),
    )
  }

  block({ forMs }: ActionOf<'block-broker'>): void {
    const { control } = this.#world
    this.#world.lasting.begin(
      'block',
      forMs,
      () => {
        this.#world.fault('block')
        control.block()
      },
      () => control.unblock(),
    )
  }

  expireHold({ group: number }: ActionOf<'expire-hold'>): void {
    const { topic, group } = this.#world.group(number)
    this.#world.fault(`hold of ${group} expires`)
    this.#world.control.expireHold({ topic, group })
  }

  #down(name: string, ms: number, begin: () => void, end: () => void): void {
    const world = this.#world
    world.lasting.begin(
      'down',
      ms,
      () => {
        world.fault(name)
        this.#seeSecondLoss()
        for (const instance of this.#population.all) instance.cut('down')
        begin()
      },
      () => {
        world.note(`${name} is over`)
        end()
        for (const instance of this.#population.all) instance.mended('down')
      },
    )
  }

  /** A process that is on its way back finds nobody there. */
  #seeSecondLoss(): void {
    for (const { living, control } of this.#population.all) {
      if (!living || control === undefined) continue
      const sides = [control.state('publish'), control.state('consume')]
      if (sides.includes('connecting')) this.#world.situations.saw('second loss while reconnecting')
    }
  }
}
