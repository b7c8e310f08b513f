import type { DeadLettersContext } from '../../src/admin/dead-letters.js'
import { SluiceError } from '../../src/errors/sluice-error.js'
import type { Copy } from '../../src/failure/copy-sender.js'
import { createSimulatedClock, type SimulatedClock } from '../../src/kit/simulated-clock.js'
import { encodeUtf8 } from '../../src/kit/utf8.js'
import type { HeaderList } from '../../src/model/headers.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { StoredLetter } from '../../src/spi/envelope.js'

export const ref = { topic: 'orders', group: 'billing' }

/** A box that keeps its letters in a list, and counts what is done with it. */
export class FakeBox {
  letters: StoredLetter[] = []
  opened = 0
  closed = 0
  /** Cursors in the order in which they were removed, one list per call. */
  readonly removals: string[][] = []
  /** Most letters that it gives at once, whatever is asked for. */
  shortAnswers = Infinity
  #last = 0

  add(id: string, key: string | null = null, headers: HeaderList = []): void {
    this.#last += 1
    this.letters.push({
      id,
      key: key === null ? null : encodeUtf8(key),
      body: encodeUtf8(`body of ${id}`),
      type: 'placed',
      contentType: 'application/json',
      correlationId: 'c',
      timestampMs: 7,
      headers,
      bytes: 100,
      position: String(this.#last),
      cursor: String(this.#last),
    })
  }

  get ids(): string[] {
    return this.letters.map((letter) => letter.id ?? '')
  }

  open(): ReturnType<DeadLettersContext['adapter']['deadLetters']> {
    if (this.opened > this.closed) return Promise.reject(adapterError('BUSY', 'open elsewhere', { retryable: true }))
    this.opened += 1
    return Promise.resolve({
      read: (after, limit) => {
        const behind = this.letters.filter((letter) => Number(letter.cursor) > Number(after ?? 0))
        return Promise.resolve(behind.slice(0, Math.min(limit, this.shortAnswers)))
      },
      remove: (letters) => {
        const cursors = letters.map((letter) => letter.cursor)
        this.removals.push(cursors)
        this.letters = this.letters.filter((letter) => !cursors.includes(letter.cursor))
        return Promise.resolve()
      },
      close: () => {
        this.closed += 1
        return Promise.resolve()
      },
    })
  }
}

export interface Fixture {
  readonly box: FakeBox
  readonly clock: SimulatedClock
  readonly sent: (Copy & { readonly atMs: number })[]
  readonly context: DeadLettersContext
  /** Decides about each copy. */
  onSend: (copy: Copy) => Promise<void>
}

export function fixture(over: Partial<DeadLettersContext> = {}): Fixture {
  const box = new FakeBox()
  const clock = createSimulatedClock()
  const made: Fixture = {
    box,
    clock,
    sent: [],
    onSend: () => Promise.resolve(),
    context: {
      adapter: {
        name: 'fake',
        capabilities: { groupAddress: true } as never,
        deadLetters: () => box.open(),
        route: () =>
          Promise.resolve({
            partitions: 4,
            maxMessageBytes: 1_000,
            outstanding: { batches: 1, messages: 1, bytes: 1 },
          }),
      },
      copies: {
        send: (copy) => {
          made.sent.push({ ...copy, atMs: clock.monotonic() })
          return made.onSend(copy)
        },
      },
      ref,
      clock,
      startTimeoutMs: 5_000,
      ...over,
    },
  }
  return made
}

export const refusal = (): SluiceError => new SluiceError('REFUSED', 'no')
