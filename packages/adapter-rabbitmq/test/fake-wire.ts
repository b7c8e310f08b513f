import type { AdapterError } from '@sluice/core/spi'
import type { Link, LinkListener, Session } from '../src/link.js'
import type { ConfirmEvents, WireChannel, WireConfirmChannel, WireConnection, WireMessage } from '../src/wire/port.js'
import { WireError } from '../src/wire/wire-error.js'

/** A confirm channel that writes down what is published, and answers when the test says so. */
export class FakeConfirmChannel {
  readonly published: WireMessage[] = []
  isOpen = true
  readonly events: ConfirmEvents

  constructor(events: ConfirmEvents) {
    this.events = events
  }

  readonly publishConfirmed = (message: WireMessage): number => (this.isOpen ? this.published.push(message) : 0)

  readonly close = (): Promise<void> => {
    this.end(new WireError('closed by this side', { kind: 'closed', scope: 'channel' }))
    return Promise.resolve()
  }

  /** The broker confirms the newest with this id, or refuses it; `upTo`: with all before it. */
  answer(id: string, { ok = true, upTo = false }: { readonly ok?: boolean; readonly upTo?: boolean } = {}): void {
    const tag = this.ids.lastIndexOf(id) + 1
    if (tag === 0) throw new Error(`"${id}" was not published: ${this.ids.join(', ')}`)
    this.events.confirmed(tag, upTo, ok)
  }

  end(reason: WireError): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.events.closed(reason)
  }

  /** The id of each, in order. */
  get ids(): readonly string[] {
    return this.published.map(({ properties }) => properties.messageId ?? '')
  }
}

/** A link whose connection comes and goes as the test says. */
export class FakeLink implements Link {
  session: Session | undefined
  isBlocked = false
  trouble: AdapterError | undefined
  readonly channels: FakeConfirmChannel[] = []
  readonly checked: string[] = []
  /** What a check of an exchange ends with. */
  check: (exchange: string) => Promise<void> = () => Promise.resolve()
  readonly #listeners = new Set<LinkListener>()
  #epoch = 0

  get channel(): FakeConfirmChannel {
    return this.channels.at(-1) as FakeConfirmChannel
  }

  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async up(): Promise<void> {
    const openConfirmChannel = (events: ConfirmEvents): Promise<WireConfirmChannel> => {
      const channel = new FakeConfirmChannel(events)
      this.channels.push(channel)
      return Promise.resolve(channel as unknown as WireConfirmChannel)
    }
    const session = {
      connection: { openConfirmChannel } as unknown as WireConnection,
      epoch: (this.#epoch += 1),
      aliveUntilMs: Infinity,
      isLive: true,
    }
    this.session = session
    for (const listener of this.#listeners) await listener.up(session)
  }

  down(reason = new WireError('reset', { kind: 'io', scope: 'connection' })): void {
    const { session } = this
    if (session === undefined) return
    Object.assign(session, { isLive: false })
    this.session = undefined
    this.channel.end(reason)
    for (const listener of this.#listeners) listener.down(session, this.trouble as AdapterError)
  }

  block(isBlocked: boolean): void {
    this.isBlocked = isBlocked
    for (const listener of this.#listeners) listener.blocked?.(isBlocked)
  }

  async onChannel<T>(work: (channel: WireChannel) => Promise<T>): Promise<T> {
    const checkExchange = async (exchange: string): Promise<void> => {
      this.checked.push(exchange)
      await this.check(exchange)
    }
    return work({ checkExchange } as unknown as WireChannel)
  }

  open = (): Promise<void> => Promise.resolve()
  whenUp = (): Promise<Session> => Promise.resolve(this.session as Session)
  drop = (): void => this.down()
  close = (): Promise<void> => Promise.resolve()
}
