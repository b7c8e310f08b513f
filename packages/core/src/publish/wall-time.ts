import type { Clock } from '../model/clock.js'
import type { Pump, Pumped } from './pump.js'

/** Wall time for what goes out together: the clock is read once, and again when the pump has run since. */
export class WallTime implements Pumped {
  scheduled = false
  readonly #clock: Clock
  readonly #pump: Pump
  #now: number | undefined

  constructor(clock: Clock, pump: Pump) {
    this.#clock = clock
    this.#pump = pump
  }

  now(): number {
    if (this.#now === undefined) {
      this.#now = this.#clock.now()
      this.#pump.schedule(this)
    }
    return this.#now
  }

  pump(): void {
    this.#now = undefined
  }
}
