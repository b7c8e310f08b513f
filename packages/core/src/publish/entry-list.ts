import type { Entry, Place, PlaceOwner } from './entry.js'

/** Entries in order, linked through the entries themselves: leaving from the middle costs no search. An entry is in one list at a time. */
export class EntryList implements Place {
  readonly owner: PlaceOwner
  #first: Entry | undefined
  #last: Entry | undefined
  #length = 0

  constructor(owner: PlaceOwner) {
    this.owner = owner
  }

  get length(): number {
    return this.#length
  }

  get first(): Entry | undefined {
    return this.#first
  }

  push(entry: Entry): void {
    entry.list = this
    entry.previous = this.#last
    entry.next = undefined
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    this.#length += 1
  }

  unshift(entry: Entry): void {
    entry.list = this
    entry.previous = undefined
    entry.next = this.#first
    if (this.#first === undefined) this.#last = entry
    else this.#first.previous = entry
    this.#first = entry
    this.#length += 1
  }

  shift(): Entry | undefined {
    const entry = this.#first
    if (entry !== undefined) this.remove(entry)
    return entry
  }

  remove(entry: Entry): void {
    const { previous, next } = entry
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    entry.list = undefined
    entry.previous = undefined
    entry.next = undefined
    this.#length -= 1
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (let entry = this.#first; entry !== undefined;) {
      const { next } = entry
      yield entry
      entry = next
    }
  }
}
