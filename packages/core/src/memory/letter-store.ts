import type { Outbound, StoredLetter } from '../spi/envelope.js'

interface Slot {
  readonly sequence: number
  readonly letter: StoredLetter
  removed: boolean
}

/** Dead letters of one group, oldest first. Reading changes nothing. */
export class LetterStore {
  #slots: Slot[] = []
  #sequence = 0
  #length = 0
  /** Who has the box open; at most one. */
  holder: object | undefined

  get length(): number {
    return this.#length
  }

  /** Position of the new letter. */
  add(message: Outbound): string {
    this.#sequence += 1
    this.#length += 1
    const position = String(this.#sequence)
    const { key, body, type, correlationId, headers, bytes, id, contentType, timestampMs } = message
    const content = { key, body, type, correlationId, headers, bytes, id, contentType, timestampMs }
    this.#slots.push({ sequence: this.#sequence, letter: { ...content, position, cursor: position }, removed: false })
    return position
  }

  /** Up to `limit` letters behind `after`. */
  read(after: string | undefined, limit: number): readonly StoredLetter[] {
    const letters: StoredLetter[] = []
    for (let index = this.#firstBehind(sequenceOf(after)); letters.length < limit; index += 1) {
      const slot = this.#slots[index]
      if (slot === undefined) break
      if (!slot.removed) letters.push(slot.letter)
    }
    return letters
  }

  /** What is gone already is ignored. */
  remove(cursors: readonly string[]): void {
    for (const cursor of cursors) {
      const sequence = sequenceOf(cursor)
      const slot = this.#slots[this.#firstBehind(sequence - 1)]
      if (slot === undefined || slot.sequence !== sequence || slot.removed) continue
      slot.removed = true
      this.#length -= 1
    }
    if (this.#length <= this.#slots.length / 2) this.#slots = this.#slots.filter((slot) => !slot.removed)
  }

  #firstBehind(sequence: number): number {
    let low = 0
    let high = this.#slots.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#slots[middle]?.sequence ?? Infinity) <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A cursor that is none stands before the first. */
function sequenceOf(cursor: string | undefined): number {
  const sequence = Number(cursor ?? 0)
  return Number.isSafeInteger(sequence) ? sequence : 0
}
