import { indexOf, type Document } from './document.js'

/** What handlers have been given, by its place in the pass: the proof that each document came once. */
export class Places {
  #expected: number
  #count = 0
  #sum = 0

  constructor(expected = 0) {
    this.#expected = expected
  }

  get count(): number {
    return this.#count
  }

  /** Begins anew. */
  expect(messages: number): void {
    this.#expected = messages
    this.#count = 0
    this.#sum = 0
  }

  /** Returns whether it was the last one. */
  add(document: Document): boolean {
    this.#count += 1
    this.#sum += indexOf(document)
    return this.#count === this.#expected
  }

  /** @throws Error when it was not each document once; the sum tells one that came twice from one that is missing */
  check(): void {
    const sum = (this.#expected * (this.#expected - 1)) / 2
    if (this.#count === this.#expected && this.#sum === sum) return
    throw new Error(
      `${this.#expected} messages with places of sum ${sum}, handled ${this.#count} with places of sum ${this.#sum}`,
    )
  }
}
