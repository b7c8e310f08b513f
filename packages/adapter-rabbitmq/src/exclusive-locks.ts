import { adapterError, type Clock, exponentialBackoff, sleep, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { Link, Session } from './link.js'
import { hasCode } from './standing.js'
import type { WireChannel } from './wire/port.js'

/** Held as long as its session lives and it is not let go. */
export interface ExclusiveLock {
  readonly session: Session
  /** Never rejects. */
  release(signal: AbortSignal): Promise<void>
}

const backoff = exponentialBackoff({ fromMs: 10, toMs: 250 })

/**
 * Locks over all processes. Each is an exclusive queue: the broker gives it to one connection, and takes it back when that ends. So it is
 * no surer than the connection that has it: what it guards has to go over the same one.
 */
export class ExclusiveLocks {
  readonly #link: Link
  readonly #clock: Clock
  /** To the broker, everybody in this process is the same connection. */
  readonly #held = new Set<string>()

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /** `undefined`: somebody else has it. */
  async tryTake(name: string, signal: AbortSignal): Promise<ExclusiveLock | undefined> {
    if (this.#held.has(name)) return undefined
    this.#held.add(name)
    let session: Session
    try {
      session = await this.#link.whenUp(signal)
    } catch (error) {
      this.#held.delete(name)
      throw error
    }
    const declaring = declare(session, name)
    try {
      await within(declaring, signal)
    } catch (error) {
      // The answer that nobody waits for any more may well be that it is ours.
      void this.#letGo(session, name, declaring)
      if (hasCode(error, 405)) return undefined
      throw toAdapterError(error, { scope: 'group' })
    }
    let released: Promise<void> | undefined
    return {
      session,
      release: async (releaseSignal) => {
        released ??= this.#letGo(session, name, declaring)
        await within(released, releaseSignal).catch(() => undefined)
      },
    }
  }

  /** @throws AdapterError BUSY when `signal` aborts first */
  async take(name: string, signal: AbortSignal): Promise<ExclusiveLock> {
    for (let failures = 1; ; failures += 1) {
      const lock = await this.tryTake(name, signal)
      if (lock !== undefined) return lock
      await sleep(this.#clock, backoff(failures), signal)
      if (signal.aborted) {
        throw adapterError('BUSY', `"${name}" is held by somebody else`, { scope: 'group', retryable: true })
      }
    }
  }

  /** It counts as held until the broker has heard of it: what deletes it must not come upon the next holder. Never rejects. */
  async #letGo(session: Session, name: string, declaring: Promise<void>): Promise<void> {
    try {
      await declaring
      if (session.isLive) await onChannel(session, (channel) => channel.deleteQueue(name))
    } catch {
      // It was not given, or goes with the connection.
    } finally {
      this.#held.delete(name)
    }
  }
}

const lockOptions = { durable: false, exclusive: true, arguments: { 'x-queue-type': 'classic' } } as const

const declare = (session: Session, name: string): Promise<void> =>
  onChannel(session, async (channel) => void (await channel.declareQueue(name, lockOptions)))

async function onChannel(session: Session, work: (channel: WireChannel) => Promise<void>): Promise<void> {
  const channel = await session.connection.openChannel({ closed: () => undefined })
  try {
    await work(channel)
  } finally {
    void channel.close()
  }
}
