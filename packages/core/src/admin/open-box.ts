import type { Clock } from '../model/clock.js'
import type { Adapter } from '../spi/adapter.js'
import type { DeadLetterBox } from '../spi/dead-letter-box.js'
import type { StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import { within, type Step } from './within.js'

export interface BoxContext {
  readonly adapter: Pick<Adapter, 'deadLetters'>
  readonly ref: GroupRef
  readonly clock: Clock
  /** Longest time of one step at the broker, in ms. */
  readonly startTimeoutMs: number
}

/** How far the letters went at one moment. */
export interface BoxEnd {
  readonly count: number
  readonly last: string | undefined
}

const pageSize = 100

/** Opens the dead letters of a group for as long as `use` takes. @throws SluiceError BUSY while somebody else has them open */
export async function withBox<T>(context: BoxContext, use: (box: OpenBox) => Promise<T>): Promise<T> {
  const box = await within(step(context, 'opening the dead letters'), (signal) =>
    context.adapter.deadLetters(context.ref, signal),
  )
  try {
    return await use(new OpenBox(box, context))
  } finally {
    // What was removed is durable already, and a box that cannot be closed is let go with the connection.
    await box.close().catch(() => undefined)
  }
}

export class OpenBox {
  readonly #box: DeadLetterBox
  readonly #context: BoxContext

  constructor(box: DeadLetterBox, context: BoxContext) {
    this.#box = box
    this.#context = context
  }

  /** As many as there are, up to `limit`; a short answer of the adapter is not taken for the end. */
  async read(after: string | undefined, limit: number): Promise<readonly StoredLetter[]> {
    const letters: StoredLetter[] = []
    while (letters.length < limit) {
      const from = letters.at(-1)?.cursor ?? after
      const page = await within(step(this.#context, 'reading the dead letters'), (signal) =>
        this.#box.read(from, limit - letters.length, signal),
      )
      if (page.length === 0) break
      letters.push(...page)
    }
    return letters
  }

  async remove(letters: readonly StoredLetter[]): Promise<void> {
    if (letters.length === 0) return
    await within(step(this.#context, 'removing dead letters'), (signal) => this.#box.remove(letters, signal))
  }

  /** Where the letters end now, or after the first `most` of them. */
  async end(most: number = Infinity): Promise<BoxEnd> {
    let end: BoxEnd = { count: 0, last: undefined }
    while (end.count < most) {
      const page = await this.read(end.last, Math.min(pageSize, most - end.count))
      const last = page.at(-1)?.cursor
      if (last === undefined) break
      end = { count: end.count + page.length, last }
    }
    return end
  }

  /** Pages of letters up to `end`, also when more have come behind it meanwhile. */
  async *pages(end: BoxEnd, size: number = pageSize): AsyncGenerator<readonly StoredLetter[], void, undefined> {
    let after: string | undefined
    let left = end.count
    while (left > 0) {
      const page = await this.read(after, Math.min(size, left))
      const last = page.findIndex((letter) => letter.cursor === end.last)
      if (page.length > 0) yield last === -1 ? page : page.slice(0, last + 1)
      if (last !== -1 || page.length === 0) return
      after = page.at(-1)?.cursor
      left -= page.length
    }
  }
}

const step = ({ clock, startTimeoutMs, ref }: BoxContext, what: string): Step => ({
  clock,
  ms: startTimeoutMs,
  ref,
  what,
})
