import type { OpenBatch } from './open-batch.js'

/** A publish that the broker has not answered. */
export interface Flight {
  readonly batch: OpenBatch
  readonly index: number
  readonly bytes: number
  readonly messageId: string
  /** Beside the id, where another with the same id was out. 0 = none. */
  readonly mark: number
  returned: boolean
}

/** Publishes in the order of their tags, which grow by one: answers find theirs without a search. */
export class Flights {
  #slots: (Flight | undefined)[] = new Array<Flight | undefined>(512)
  /** Tag of the oldest without an answer. */
  #first = 1
  #next = 1
  #count = 0
  #bytes = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws RangeError when the tag is not the next: answers would go to others */
  add(tag: number, flight: Flight): void {
    if (tag !== this.#next) throw new RangeError(`publish tag ${tag} came where ${this.#next} was expected`)
    if (this.#next - this.#first === this.#slots.length) this.#grow()
    this.#slots[tag & (this.#slots.length - 1)] = flight
    this.#next += 1
    this.#count += 1
    this.#bytes += flight.bytes
  }

  /** Takes the one with this tag, or all up to it; each is handed to `ended`. What is not known was answered before. */
  take(tag: number, multiple: boolean, ended: (flight: Flight) => void): void {
    const last = Math.min(tag, this.#next - 1)
    for (let at = multiple ? this.#first : last; at <= last; at += 1) {
      if (at < this.#first) continue
      const slot = at & (this.#slots.length - 1)
      const flight = this.#slots[slot]
      if (flight === undefined) continue
      this.#slots[slot] = undefined
      this.#count -= 1
      this.#bytes -= flight.bytes
      ended(flight)
    }
    while (this.#first < this.#next && this.#slots[this.#first & (this.#slots.length - 1)] === undefined)
      this.#first += 1
  }

  /** The oldest that fits. */
  find(fits: (flight: Flight, tag: number) => boolean): Flight | undefined {
    for (let tag = this.#first; tag < this.#next; tag += 1) {
      const flight = this.#slots[tag & (this.#slots.length - 1)]
      if (flight !== undefined && fits(flight, tag)) return flight
    }
    return undefined
  }

  /** Takes all, oldest first. */
  takeAll(ended: (flight: Flight) => void): void {
    this.take(this.#next - 1, true, ended)
  }

  #grow(): void {
    const slots = new Array<Flight | undefined>(this.#slots.length * 2)
    for (let tag = this.#first; tag < this.#next; tag += 1) {
      slots[tag & (slots.length - 1)] = this.#slots[tag & (this.#slots.length - 1)]
    }
    this.#slots = slots
  }
}
