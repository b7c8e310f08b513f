import { type AdapterError, adapterError, type Cancel, type Clock, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { Link, Session } from './link.js'
import type { WireConfirmChannel } from './wire/port.js'

/** Where a message goes. */
export interface PublishTarget {
  readonly exchange: string
  readonly routingKey: string
}

/** How long a channel that nobody needs stays open. */
const IDLE_MS = 500

/** Publishes what the adapter keeps at the broker for itself: rarely, then often. It has a channel only meanwhile. */
export class ConfirmedPublisher {
  readonly #link: Link
  readonly #clock: Clock
  #line: { readonly session: Session; readonly opened: Promise<Line> } | undefined

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /**
   * Resolves when the broker has the message durably; rejects when it has not, or that is not known. Those of one session are stored in
   * the order of the calls.
   *
   * @throws AdapterError UNROUTABLE when there is no such queue, REFUSED, DISCONNECTED, TIMEOUT
   */
  async publish(to: PublishTarget, content: Uint8Array, signal: AbortSignal): Promise<void> {
    const session = await this.#link.whenUp(signal)
    const line = await within(this.#lineOf(session), signal)
    await within(line.publish(to, content), signal)
  }

  #lineOf(session: Session): Promise<Line> {
    if (this.#line?.session === session) return this.#line.opened
    const opened = openLine(session, this.#clock, () => this.#forget(opened))
    this.#line = { session, opened }
    opened.catch(() => this.#forget(opened))
    return opened
  }

  #forget(opened: Promise<Line>): void {
    if (this.#line?.opened === opened) this.#line = undefined
  }
}

async function openLine({ connection }: Session, clock: Clock, ended: () => void): Promise<Line> {
  const line = new Line(clock, ended)
  try {
    line.channel = await connection.openConfirmChannel({
      confirmed: (tag, multiple, ok) => line.answered(tag, multiple, ok),
      returned: ({ properties }) => line.returned(properties.messageId),
      closed: (reason) => line.end(toAdapterError(reason, { scope: 'group' })),
    })
  } catch (error) {
    throw toAdapterError(error, { scope: 'group' })
  }
  return line
}

interface Waiting {
  readonly id: string
  readonly resolve: () => void
  readonly reject: (error: Error & AdapterError) => void
}

/** One confirm channel, and who waits for its answers. */
class Line {
  readonly #clock: Clock
  readonly #ended: () => void
  readonly #waiting = new Map<number, Waiting>()
  /** A return comes before the confirm of its message. */
  readonly #returned = new Set<string>()
  #last = 0
  #cancelIdle: Cancel | undefined
  channel: WireConfirmChannel | undefined

  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock
    this.#ended = ended
  }

  publish(to: PublishTarget, content: Uint8Array): Promise<void> {
    this.#cancelIdle?.()
    this.#last += 1
    const id = String(this.#last)
    const properties = { deliveryMode: 2, messageId: id }
    const tag = this.channel?.publishConfirmed({ ...to, mandatory: true, properties, content }) ?? 0
    if (tag === 0) return Promise.reject(failure('DISCONNECTED', 'the channel has ended'))
    return new Promise((resolve, reject) => void this.#waiting.set(tag, { id, resolve, reject }))
  }

  answered(tag: number, multiple: boolean, ok: boolean): void {
    const answered = multiple ? [...this.#waiting.keys()].filter((one) => one <= tag) : [tag]
    for (const one of answered) {
      const who = this.#waiting.get(one)
      if (who === undefined) continue
      this.#waiting.delete(one)
      if (this.#returned.delete(who.id)) who.reject(failure('UNROUTABLE', 'the broker has no queue for it'))
      else if (ok) who.resolve()
      else {
        // This channel may go on refusing what another one may not: see ChannelRenewal.
        this.#ended()
        who.reject(failure('REFUSED', 'the queue takes nothing'))
      }
    }
    if (this.#waiting.size === 0) this.#closeSoon()
  }

  returned(id: string | undefined): void {
    if (id !== undefined) this.#returned.add(id)
  }

  end(reason: Error & AdapterError): void {
    this.#cancelIdle?.()
    this.#ended()
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
  }

  #closeSoon(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = this.#clock.after(IDLE_MS, () => {
      // Whoever comes now opens another.
      this.#ended()
      void this.channel?.close()
    })
  }
}

const failure = (code: 'UNROUTABLE' | 'REFUSED' | 'DISCONNECTED', text: string): Error & AdapterError =>
  adapterError(code, text, { scope: 'group', retryable: true })
