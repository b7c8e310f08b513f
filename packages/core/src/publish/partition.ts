import { partitionOf } from '../kit/murmur2.js'
import type { Pump } from './pump.js'

/** A run of messages without key goes to one partition, so that they share batches; the next run goes to the next. */
const LONGEST_RUN = 64

/** Chooses partitions of one topic. */
export class Partitioner {
  readonly #pump: Pump
  #current = Math.floor(Math.random() * 0x10000)
  #run = 0
  #tick = -1

  constructor(pump: Pump) {
    this.#pump = pump
  }

  /** 0 where the broker maps keys itself. */
  choose(key: Uint8Array | null, partitions: number): number {
    if (partitions <= 1) return 0
    if (key !== null) return partitionOf(key, partitions)
    if (this.#tick !== this.#pump.tick || this.#run === LONGEST_RUN) {
      this.#tick = this.#pump.tick
      this.#run = 0
      this.#current += 1
    }
    this.#run += 1
    return this.#current % partitions
  }
}
