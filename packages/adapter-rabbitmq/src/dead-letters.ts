import {
  adapterError,
  type AdapterError,
  type Clock,
  type DeadLetterBox,
  type GroupRef,
  type StoredLetter,
} from '@sluice/core/spi'
import { readEnvelope } from './envelope.js'
import type { ExclusiveLock, ExclusiveLocks } from './exclusive-locks.js'
import { HeldQueue } from './held-queue.js'
import { LetterOrder, type SeenLetter } from './letter-order.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { throughLosses } from './through-losses.js'

export interface DeadLettersOptions {
  /** Of the consume side: nothing is published. */
  readonly link: Link
  readonly locks: ExclusiveLocks
  readonly names: Names
  readonly clock: Clock
}

const FAREWELL_MS = 10_000
const passing: ReadonlySet<string> = new Set(['DISCONNECTED'])

/**
 * Opens the dead letters of a group. It sees the oldest 65,535 of them; others follow as these are removed. All are handed over as long as
 * the box is open, and go back in their order when it ends, in whatever way.
 *
 * @throws AdapterError as a rejection: BUSY while somebody has them open, UNKNOWN_TOPIC when there are none
 */
export async function openDeadLetters(
  options: DeadLettersOptions,
  ref: GroupRef,
  signal: AbortSignal,
): Promise<DeadLetterBox> {
  const { link, locks, names } = options
  await link.onChannel((channel) => channel.checkQueue(names.deadLetters(ref.topic, ref.group)), signal)
  const lock = await locks.tryTake(names.deadLetterLock(ref.topic, ref.group), signal)
  if (lock === undefined) {
    const text = `the dead letters of ${ref.topic}.${ref.group} are open elsewhere`
    throw adapterError('BUSY', text, { scope: 'group', retryable: true })
  }
  return new Box(options, ref, lock)
}

class Box implements DeadLetterBox {
  readonly #options: DeadLettersOptions
  readonly #queue: string
  readonly #lockName: string
  readonly #letters = new LetterOrder()
  #lock: ExclusiveLock | undefined
  #held: HeldQueue | undefined
  /** One call after the other. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #over = new AbortController()
  #closing: Promise<void> | undefined

  constructor(options: DeadLettersOptions, { topic, group }: GroupRef, lock: ExclusiveLock) {
    this.#options = options
    this.#queue = options.names.deadLetters(topic, group)
    this.#lockName = options.names.deadLetterLock(topic, group)
    this.#lock = lock
  }

  read(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly StoredLetter[]> {
    return this.#inTurn(signal, (both) => this.#read(after, limit, both))
  }

  remove(letters: readonly StoredLetter[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(signal, (both) => this.#remove(letters, both))
  }

  close(): Promise<void> {
    this.#over.abort()
    this.#closing ??= this.#letGo(AbortSignal.timeout(FAREWELL_MS))
    return this.#closing
  }

  async #read(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly StoredLetter[]> {
    const found: StoredLetter[] = []
    let index = await this.#behind(after, signal)
    this.#letters.want(index, limit)
    while (found.length < limit) {
      const letter = this.#letters.at(index)
      if (letter === undefined || (letter.tag === undefined && !letter.gone)) {
        if (await this.#next(signal)) continue
        if (letter === undefined) break
        // All that there is has come, and it has not: somebody has taken it away.
        this.#letters.removed(letter)
      }
      if (letter.gone) index += 1
      else if (letter.delivery === undefined) await this.#again(index, limit - found.length, signal)
      else {
        found.push({ ...readEnvelope(letter.delivery), position: undefined, cursor: letter.cursor })
        this.#letters.passed(letter)
        index += 1
      }
    }
    await this.#putAway(signal)
    return found
  }

  async #remove(letters: readonly StoredLetter[], signal: AbortSignal): Promise<void> {
    const wanted = new Set<SeenLetter>()
    for (const { cursor } of letters) {
      const letter = await this.#find(cursor, signal)
      if (letter !== undefined && !letter.gone) wanted.add(letter)
    }
    for (;;) {
      // Tags belong to the channel that stands: another one begins with none.
      const held = await this.#hold(signal)
      const tags = [...wanted].flatMap(({ tag }) => tag ?? [])
      if (tags.length < wanted.size && (await held.hasMoreThan(held.arrived, signal))) continue
      if (tags.length > 0) await held.acknowledge(tags, signal)
      break
    }
    for (const letter of wanted) this.#letters.removed(letter)
    await this.#putAway(signal)
  }

  /** Where the letters behind a cursor begin. */
  async #behind(after: string | undefined, signal: AbortSignal): Promise<number> {
    if (after === undefined) return 0
    const letter = await this.#find(after, signal)
    // It was removed since somebody read it, and what stood before it most likely as well: nothing is passed over by beginning anew.
    return letter === undefined ? 0 : letter.index + 1
  }

  /** Also one that another box has read. */
  async #find(cursor: string, signal: AbortSignal): Promise<SeenLetter | undefined> {
    for (;;) {
      const letter = this.#letters.find(cursor)
      if (letter !== undefined || !(await this.#next(signal))) return letter
    }
  }

  /** Waits for one more than have come until now; false when all that there is has come. */
  async #next(signal: AbortSignal): Promise<boolean> {
    const before = this.#held
    const arrived = before?.arrived ?? 0
    const held = await this.#hold(signal)
    return held.hasMoreThan(held === before ? arrived : 0, signal)
  }

  /** Bodies of letters that have come, and for which there was no room. */
  async #again(from: number, count: number, signal: AbortSignal): Promise<void> {
    await this.#held?.release(signal)
    this.#held = undefined
    this.#letters.want(from, count)
  }

  async #putAway(signal: AbortSignal): Promise<void> {
    const revenants = this.#letters.takeRevenants()
    if (revenants.length > 0) await this.#held?.acknowledge(revenants, signal)
  }

  /** The letters, handed over on a channel that stands, under the lock of the same connection. */
  async #hold(signal: AbortSignal): Promise<HeldQueue> {
    if (this.#held?.isOpen === true) return this.#held
    const { clock, locks } = this.#options
    if (this.#lock?.session.isLive !== true) {
      await this.#lock?.release(signal)
      this.#lock = undefined
      this.#lock = await locks.take(this.#lockName, signal)
    }
    this.#letters.restart()
    const { session } = this.#lock
    this.#held = await HeldQueue.open(
      { session, clock, queue: this.#queue, delivered: (delivery) => this.#letters.arrived(delivery) },
      signal,
    )
    return this.#held
  }

  #inTurn<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const both = AbortSignal.any([signal, this.#over.signal])
    const turn = this.#last.then(() => this.#throughLosses(both, () => run(both)))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** What a lost channel or connection has interrupted is begun again: letters are told by what they are, not by where they came. */
  async #throughLosses<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      if (this.#closing !== undefined) throw closedError()
      return await throughLosses({ clock: this.#options.clock, signal, passing }, run)
    } catch (error) {
      throw this.#closing === undefined ? error : closedError()
    }
  }

  async #letGo(signal: AbortSignal): Promise<void> {
    await this.#last
    await this.#held?.release(signal)
    await this.#lock?.release(signal)
  }
}

const closedError = (): Error & AdapterError =>
  adapterError('CLOSED', 'the dead letters are closed', { scope: 'group' })
