import { letterIdentity } from './letter-identity.js'
import type { WireDelivery } from './wire/port.js'

/** A dead letter that was seen. */
export interface SeenLetter {
  /** Also after its channel has ended. */
  readonly cursor: string
  readonly identity: string
  readonly index: number
  /** On the channel that stands now; `undefined`: it has not come there (yet). */
  tag: number | undefined
  /** As long as there is room for it. */
  delivery: WireDelivery | undefined
  /** Removed, or found to be no longer there. */
  gone: boolean
  /** Number of the channel on which it went, or on which it was last seen after that. */
  goneOn: number
}

/** Bodies that wait here for whoever reads on, in bytes. */
const ROOM = 16 * 1024 * 1024

/** The dead letters of a queue in their order, remembered while channels come and go, with the bodies of some. */
export class LetterOrder {
  readonly #letters: SeenLetter[] = []
  readonly #byIdentity = new Map<string, SeenLetter[]>()
  readonly #byCursor = new Map<string, SeenLetter>()
  #bytes = 0
  /** Bodies are kept from here on; those up to `#wantedTo` whatever their size. */
  #wantedFrom = 0
  #wantedTo = 0
  /** Tags of removed ones that the broker has handed over again. */
  #revenants: number[] = []
  #channels = 1

  at(index: number): SeenLetter | undefined {
    return this.#letters[index]
  }

  find(cursor: string): SeenLetter | undefined {
    return this.#byCursor.get(cursor)
  }

  /** The next ones that somebody asks for. */
  want(from: number, count: number): void {
    this.#wantedFrom = from
    this.#wantedTo = from + count
  }

  /** Another channel: everything comes again. */
  restart(): void {
    this.#channels += 1
    this.#revenants = []
    this.#bytes = 0
    for (const letter of this.#letters) {
      letter.tag = undefined
      letter.delivery = undefined
    }
  }

  arrived(delivery: WireDelivery): void {
    const identity = letterIdentity(delivery)
    let alike = this.#byIdentity.get(identity)
    if (alike === undefined) this.#byIdentity.set(identity, (alike = []))
    const known = alike.find((letter) => letter.tag === undefined && !letter.gone)
    if (known === undefined && this.#isRevenant(alike, delivery)) return
    const letter = known ?? this.#append(identity, alike)
    letter.tag = delivery.tag
    this.#keep(letter, delivery)
  }

  /** Handed out: it stays as long as there is room. */
  passed(letter: SeenLetter): void {
    if (this.#bytes > ROOM) this.#drop(letter)
  }

  removed(letter: SeenLetter): void {
    letter.gone = true
    letter.goneOn = this.#channels
    letter.tag = undefined
    this.#drop(letter)
  }

  /** Tags of what was removed and has come again; asked for once. */
  takeRevenants(): readonly number[] {
    const revenants = this.#revenants
    this.#revenants = []
    return revenants
  }

  /**
   * A removal that the broker had not stored when the channel ended. A new letter may be alike to the last byte, but was never handed over
   * before; and one that is removed comes back at most once on each channel.
   */
  #isRevenant(alike: readonly SeenLetter[], { tag, redelivered }: WireDelivery): boolean {
    const letter = redelivered ? alike.find(({ gone, goneOn }) => gone && goneOn < this.#channels) : undefined
    if (letter === undefined) return false
    letter.goneOn = this.#channels
    this.#revenants.push(tag)
    return true
  }

  #append(identity: string, alike: SeenLetter[]): SeenLetter {
    const letter: SeenLetter = {
      cursor: `${identity}.${alike.length}`,
      identity,
      index: this.#letters.length,
      ...{ tag: undefined, delivery: undefined, gone: false, goneOn: 0 },
    }
    this.#letters.push(letter)
    alike.push(letter)
    this.#byCursor.set(letter.cursor, letter)
    return letter
  }

  #keep(letter: SeenLetter, delivery: WireDelivery): void {
    const { index } = letter
    const size = delivery.content.length
    if (index < this.#wantedFrom || (index >= this.#wantedTo && this.#bytes + size > ROOM)) return
    letter.delivery = delivery
    this.#bytes += size
  }

  #drop(letter: SeenLetter): void {
    if (letter.delivery === undefined) return
    this.#bytes -= letter.delivery.content.length
    letter.delivery = undefined
  }
}
