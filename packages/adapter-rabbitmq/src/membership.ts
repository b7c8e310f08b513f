import { createTimerHeap, isAdapterError, type AdapterContext, type Cancel, type TimerHeap } from '@sluice/core/spi'
import { readAnnouncement, writeAnnouncement, type Announcement } from './announcement.js'
import type { Link, Session } from './link.js'
import { membersExchange } from './names.js'
import { Share, type Peer, type ShareHolder } from './share.js'
import type { WireChannel } from './wire/port.js'

/** Everybody says what it owns at each change, and this often. */
const TICK_MS = 1000
/** Whoever says nothing for longer is looked for. */
const SILENT_MS = 1200
/** Whoever comes listens so long before it takes anything: the others answer its greeting meanwhile. */
const LISTEN_MS = 250
/** Changes that come together are answered together. */
const SETTLE_MS = 20

interface Member {
  announcement: Announcement
  heardAtMs: number
  probing: boolean
}

export interface MembershipOptions {
  readonly context: AdapterContext
  /** Where this process listens, and where it is present. */
  readonly consume: Link
  /** Where it speaks: whoever publishes is not read during an alarm, and acknowledgements must be. */
  readonly publish: Link
}

/** What a subscription has of the membership. */
export interface Seat {
  /** Lets go of everything. Never rejects. */
  leave(): Promise<void>
}

/**
 * Shares the partitions of groups among processes, without a plugin and without a clock that decides over life: a process is present as long
 * as its exclusive queue exists, which is as long as the broker believes in the connection that it consumes on. All groups of a process
 * have one queue and one announcement.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #timers: TimerHeap
  readonly #shares = new Map<string, Share>()
  readonly #members = new Map<string, Member>()
  /** Groups that were left: those who stay in them have to hear it, also when one announcement goes astray. */
  readonly #left = new Map<string, number>()
  #session: Session | undefined
  #channel: WireChannel | undefined
  #voice: WireChannel | undefined
  #id: string | undefined
  /** Groups that have listened long enough. */
  readonly #listening = new Set<string>()
  #due = false
  #cancelTick: Cancel | undefined
  readonly #unlisten: readonly (() => void)[]
  #closed = false

  constructor(options: MembershipOptions) {
    const { context, consume, publish } = options
    this.#options = options
    this.#timers = createTimerHeap(context.clock)
    this.#unlisten = [
      consume.listen({ up: (session) => void this.#arrive(session), down: () => this.#vanish() }),
      publish.listen({
        up: (session) => void this.#openVoice(session),
        down: () => (this.#voice = undefined),
        blocked: (isBlocked) => !isBlocked && this.#say(),
      }),
    ]
  }

  /** Takes part in a group until the seat is left. */
  join(key: string, partitions: number, holder: ShareHolder): Seat {
    const share = new Share(key, partitions, holder, () => this.#say())
    this.#shares.set(key, share)
    this.#left.delete(key)
    if (this.#session === undefined) void this.#arrive(this.#options.consume.session)
    else void this.#enter(share)
    return { leave: () => this.#leave(share) }
  }

  close(): void {
    this.#closed = true
    for (const unlisten of this.#unlisten) unlisten()
    this.#timers.clear()
    void this.#channel?.close()
    void this.#voice?.close()
  }

  // ------------------------------------------------------------------------------------------------ coming and going

  /** A presence for this session, and a place in every group. */
  async #arrive(session: Session | undefined): Promise<void> {
    if (session === undefined || this.#shares.size === 0 || this.#session === session || this.#closed) return
    this.#session = session
    try {
      const channel = await session.connection.openChannel({ closed: () => this.#channelClosed(session) })
      this.#channel = channel
      await channel.declareExchange(membersExchange, 'direct')
      const { name } = await channel.declareQueue('', {
        durable: false,
        exclusive: true,
        autoDelete: false,
        arguments: {},
      })
      await channel.consume(
        name,
        { noAck: true },
        { delivered: ({ content }) => this.#heard(readAnnouncement(content)), cancelled: () => void channel.close() },
      )
      // Groups that are joined meanwhile come into the loop; those joined later bind themselves.
      for (const key of this.#shares.keys()) await channel.bindQueue(name, membersExchange, key)
      if (this.#session !== session || !session.isLive) return
      this.#id = name
    } catch (error) {
      if (this.#session !== session || !session.isLive || this.#closed) return
      this.#options.consume.drop(`the process cannot announce itself: ${String(error)}`)
      return
    }
    this.#say({ hello: true })
    for (const share of this.#shares.values()) this.#listenFirst(share)
    this.#cancelTick ??= this.#timers.after(TICK_MS, this.#tick)
  }

  #channelClosed(session: Session): void {
    // Only the presence is gone: without it the others would take what this process owns, so everything begins anew.
    if (this.#session === session && session.isLive && !this.#closed) {
      this.#options.consume.drop('the channel of the announcements has ended')
    }
  }

  #vanish(): void {
    this.#session = undefined
    this.#channel = undefined
    this.#id = undefined
    this.#members.clear()
    this.#listening.clear()
    this.#left.clear()
    this.#cancelTick?.()
    this.#cancelTick = undefined
    for (const share of this.#shares.values()) share.forget()
  }

  async #openVoice(session: Session): Promise<void> {
    try {
      const voice = await session.connection.openChannel({
        closed: () => {
          if (this.#voice === voice) this.#voice = undefined
          if (session.isLive && !this.#closed) this.#timers.after(TICK_MS, () => void this.#openVoice(session))
        },
      })
      if (!session.isLive || this.#closed) return
      this.#voice = voice
      this.#say({ hello: true })
    } catch {
      // The next session opens another; until then the others look whether this process is there, and it is.
    }
  }

  /** One more group of a process that is present already. */
  async #enter(share: Share): Promise<void> {
    const { key } = share
    const name = this.#id
    const channel = this.#channel
    if (name === undefined || channel === undefined) return
    try {
      await channel.bindQueue(name, membersExchange, key)
    } catch {
      return
    }
    this.#say({ hello: true })
    this.#listenFirst(share)
  }

  #listenFirst({ key }: Share): void {
    if (this.#listening.has(key)) return
    const session = this.#session
    this.#timers.after(LISTEN_MS, () => {
      if (this.#session !== session || session === undefined) return
      this.#listening.add(key)
      this.#rebalance()
    })
  }

  async #leave(share: Share): Promise<void> {
    this.#say({ leaving: share.key })
    await share.leave()
    if (this.#shares.get(share.key) === share) {
      this.#shares.delete(share.key)
      this.#listening.delete(share.key)
      this.#left.set(share.key, 3)
    }
    this.#say()
  }

  // ------------------------------------------------------------------------------------------------ hearing

  #heard(announcement: Announcement | undefined): void {
    if (announcement === undefined || announcement.id === this.#id) return
    const { id, hello, askedBy } = announcement
    const known = this.#members.get(id)
    const heardAtMs = this.#options.context.clock.monotonic()
    if (announcement.groups.size === 0) this.#members.delete(id)
    else if (known === undefined) this.#members.set(id, { announcement, heardAtMs, probing: false })
    else {
      known.announcement = announcement
      known.heardAtMs = heardAtMs
    }
    if (askedBy !== undefined) this.#sayTo(askedBy)
    else if (hello) this.#sayTo(id)
    this.#rebalanceSoon()
  }

  #peersOf(key: string): readonly Peer[] {
    const peers: Peer[] = []
    for (const { announcement } of this.#members.values()) {
      const owned = announcement.groups.get(key)
      if (owned !== undefined) peers.push({ id: announcement.id, owned, leaving: announcement.leaving.has(key) })
    }
    return peers
  }

  #rebalanceSoon(): void {
    if (this.#due) return
    this.#due = true
    this.#timers.after(SETTLE_MS, () => {
      this.#due = false
      this.#rebalance()
    })
  }

  #rebalance(): void {
    const self = this.#id
    if (self === undefined) return
    for (const share of this.#shares.values()) {
      if (this.#listening.has(share.key)) share.rebalance(self, this.#peersOf(share.key))
    }
  }

  readonly #tick = (): void => {
    this.#cancelTick = this.#timers.after(TICK_MS, this.#tick)
    this.#say()
    const nowMs = this.#options.context.clock.monotonic()
    for (const member of this.#members.values()) {
      if (nowMs - member.heardAtMs > SILENT_MS && !member.probing) void this.#probe(member)
    }
    for (const [key, ticks] of this.#left) {
      if (ticks <= 1) this.#left.delete(key)
      else this.#left.set(key, ticks - 1)
    }
    this.#rebalance()
  }

  /** Whether a silent process is still there is asked of the broker: no time-out ends anybody's membership. */
  async #probe(member: Member): Promise<void> {
    const { id } = member.announcement
    const session = this.#session
    member.probing = true
    try {
      await this.#options.consume.onChannel((channel) => channel.checkQueue(id), AbortSignal.timeout(TICK_MS * 5))
    } catch (error) {
      const gone = isAdapterError(error) && error.code === 'UNKNOWN_TOPIC'
      if (gone && this.#session === session && this.#members.get(id) === member) {
        this.#members.delete(id)
        this.#rebalance()
        return
      }
    } finally {
      member.probing = false
    }
    // It is there and does not speak to us: perhaps it has left all groups that we share.
    if (this.#session === session) this.#sayTo(id, this.#id)
  }

  // ------------------------------------------------------------------------------------------------ speaking

  #say(how: { readonly hello?: boolean; readonly leaving?: string } = {}): void {
    const keys = [...this.#shares.keys(), ...this.#left.keys()]
    const [first, ...others] = keys
    if (first === undefined) return
    // A queue that is bound by several of the keys gets it once.
    this.#publish(membersExchange, first, others, { ...how, askedBy: undefined })
  }

  #sayTo(queue: string, askedBy?: string): void {
    this.#publish('', queue, [], { askedBy })
  }

  #publish(
    exchange: string,
    routingKey: string,
    others: readonly string[],
    how: { readonly hello?: boolean; readonly leaving?: string; readonly askedBy?: string | undefined },
  ): void {
    const id = this.#id
    const { publish, context } = this.#options
    if (id === undefined || this.#voice === undefined || publish.isBlocked || this.#closed) return
    const shares = [...this.#shares.values()]
    const leaving = new Set(shares.filter((share) => share.leaving || share.key === how.leaving).map(({ key }) => key))
    const content = writeAnnouncement({
      id,
      client: context.clientName,
      hello: how.hello ?? false,
      askedBy: how.askedBy,
      groups: new Map(shares.map((share) => [share.key, share.owned])),
      leaving,
    })
    const headers = others.length === 0 ? undefined : { CC: others }
    this.#voice.publish({ exchange, routingKey, mandatory: false, properties: { headers }, content })
  }
}
