import { exponentialBackoff, type Cancel, type Clock } from '@sluice/core/spi'
import { partitionKey } from '../partitions.js'
import { KafkaError, toKafkaError } from '../kafka-error.js'
import type {
  CommitResult,
  CommittedOffset,
  GroupMember,
  GroupOffset,
  HostAndPort,
  JoinOptions,
  MemberEvents,
  TopicPartition,
} from '../port.js'
import { errorCodes } from '../error-codes.js'
import { serverError, type Cluster } from './cluster.js'
import { judgeGroup, type GroupVerdict } from './group-verdict.js'
import * as requests from './group-requests.js'
import type { KafkaRequest, NodeVersions } from './requests.js'
import type { Purpose } from './nodes.js'
import { pause } from './pause.js'

const backoff = exponentialBackoff({ fromMs: 100, toMs: 1_000 })
/** As often as the session is long: a member hears of a new sharing out with its next sign of life only. */
const BEATS_IN_SESSION = 10
const SLOWEST_BEAT_MS = 1_000
/** A coordinator answers a join when all members have asked, or have been waited for long enough. */
const JOIN_GRACE_MS = 5_000

/** Two that shared a connection would wait for each other's joins. */
let members = 0

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Why the member begins again. */
class Again extends Error {
  readonly verdict: GroupVerdict
  readonly reason: KafkaError

  constructor(verdict: GroupVerdict, reason: KafkaError) {
    super(reason.message)
    this.verdict = verdict
    this.reason = reason
  }
}

/**
 * A member of a group that keeps what it holds while the group shares out anew, and lets go only of what it is asked for: it hears that
 * a partition is not among its own any more, drains it, and then asks again, whereupon it goes to somebody else. So a new member disturbs
 * nobody whose partitions stay, and no one waits for anybody's handlers.
 */
export class KafkaGroupMember implements GroupMember {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #options: JoinOptions
  readonly #events: MemberEvents
  readonly #purpose: Purpose
  #memberId = ''
  #generation = -1
  #held: readonly TopicPartition[] = []
  /** On their way out: still held. */
  #letting: readonly TopicPartition[] = []
  #aliveUntilMs = -Infinity
  /** The last sign of life at which nothing had to be shared out anew. From then on there is `rebalanceMs` to ask for a share. */
  #settledMs = -Infinity
  #cancelLoss: Cancel | undefined
  #coordinator: HostAndPort | undefined
  readonly #leaving = new AbortController()
  /** As long as this member leads the generation that it is in. */
  #leading: AbortController | undefined
  /** Ends the pause that is under way. */
  #wakeup = new AbortController()
  /** Something was let go, so that there is something to be shared out. */
  #wantsShare = false
  /** Has asked for a share, and waits until everybody has. */
  #joining = false
  readonly #running: Promise<void>

  constructor(cluster: Cluster, clock: Clock, options: JoinOptions, events: MemberEvents) {
    this.#cluster = cluster
    this.#clock = clock
    this.#options = options
    this.#events = events
    this.#purpose = `group ${options.group} ${(members += 1)}`
    this.#running = this.#run()
  }

  get aliveUntilMs(): number {
    return this.#aliveUntilMs
  }

  async committed(of: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const { group } = this.#options
    const { errorCode, offsets } = await this.#askCoordinator('ask', (versions) =>
      requests.fetchOffsets(group, of, versions),
    )
    if (errorCode !== 0) throw this.#doubtful(errorCode, 'where the group has got to')
    return offsets.map(({ topic, partition, errorCode: code, offset, metadata }) => {
      if (code !== 0) throw this.#doubtful(code, `where the group has got to in ${topic} ${partition}`)
      return { topic, partition, offset: offset < 0 ? undefined : offset, metadata }
    })
  }

  async commit(offsets: readonly GroupOffset[]): Promise<readonly CommitResult[]> {
    const membership = this.#membership
    try {
      const answers = await this.#askCoordinator('ask', (versions) =>
        requests.commitOffsets(membership, offsets, versions),
      )
      return answers.map(({ topic, partition, errorCode }) => {
        const error = errorCode === 0 ? undefined : this.#doubtful(errorCode, `commit of ${topic} ${partition}`)
        return { topic, partition, error }
      })
    } catch (error) {
      const reason = toKafkaError(error)
      return offsets.map(({ topic, partition }) => ({ topic, partition, error: reason }))
    }
  }

  share(): void {
    this.#wantsShare = true
    this.#wake()
  }

  async leave(): Promise<void> {
    this.#leaving.abort()
    this.#leading?.abort()
    this.#wake()
    const isJoining = this.#joining
    if (isJoining) {
      // It waits for others, who may be slow.
      await this.#sayGoodbye('ask')
      this.#cluster.release(this.#purpose)
    }
    await this.#running
    this.#cancelLoss?.()
    if (!isJoining) await this.#sayGoodbye('group')
    this.#cluster.release(this.#purpose)
  }

  async #sayGoodbye(purpose: 'ask' | 'group'): Promise<void> {
    if (this.#memberId === '' || this.#coordinator === undefined) return
    const membership = this.#membership
    await this.#askCoordinator(purpose, (versions) => requests.leaveGroup(membership, versions)).catch(() => undefined)
  }

  get #isOver(): boolean {
    return this.#leaving.signal.aborted || this.#cluster.closing.aborted
  }

  /** Until something happens, or had happened since the last pause. */
  async #pause(ms: number): Promise<void> {
    await pause(this.#cluster.timers, ms, this.#wakeup.signal, this.#cluster.closing)
    this.#wakeup = new AbortController()
  }

  #wake(): void {
    this.#wakeup.abort()
  }

  get #membership(): requests.Membership {
    return { group: this.#options.group, generation: this.#generation, memberId: this.#memberId }
  }

  // ------------------------------------------------------------------------------------------------ life

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#isOver) {
      try {
        await this.#findCoordinator()
        if (this.#isOver) return
        await this.#join()
        failures = 0
        await this.#stay()
      } catch (error) {
        failures += 1
        this.#recover(error)
        if (!this.#isOver) await this.#pause(this.#paceAfter(error, failures))
      }
    }
  }

  /** What was only interrupted goes on at once. */
  #paceAfter(error: unknown, failures: number): number {
    const verdict = error instanceof Again ? error.verdict : 'elsewhere'
    return verdict === 'rejoin' || verdict === 'named' ? 0 : backoff(failures)
  }

  #recover(error: unknown): void {
    if (!(error instanceof Again)) {
      // The node, or the way to it: another may coordinate by now.
      this.#coordinator = undefined
      return
    }
    const { verdict, reason } = error
    if (verdict === 'elsewhere') {
      this.#coordinator = undefined
      this.#cluster.turn()
    }
    if (verdict === 'out') {
      this.#leading?.abort()
      this.#memberId = ''
      this.#generation = -1
      this.#loseAll(reason)
    }
    if (verdict === 'fatal') {
      this.#leaving.abort()
      this.#events.failed(reason)
    }
  }

  #loseAll(cause: KafkaError): void {
    const lost = this.#held
    this.#held = []
    this.#letting = []
    this.#aliveUntilMs = -Infinity
    this.#cancelLoss?.()
    if (lost.length > 0) this.#events.lost(lost, cause)
  }

  async #findCoordinator(): Promise<void> {
    if (this.#coordinator !== undefined) return
    const { group } = this.#options
    const { errorCode, host, port } = await this.#cluster.ask((versions) => requests.findCoordinator(group, versions))
    this.#expect(errorCode, 'who coordinates the group')
    this.#coordinator = { host, port }
  }

  // ------------------------------------------------------------------------------------------------ sharing out

  /** The others may be slow, or whoever deals out may be: whoever waits for them is alive meanwhile, keeps what it holds, and may leave. */
  async #join(): Promise<void> {
    this.#joining = true
    const over = new AbortController()
    const beating = this.#held.length === 0 ? undefined : this.#beatUntil(over.signal)
    try {
      await this.#askForShare()
    } finally {
      this.#joining = false
      over.abort()
      await beating
    }
  }

  async #askForShare(): Promise<void> {
    const { group, topics, sessionMs, rebalanceMs } = this.#options
    const question = { group, topics, sessionMs, rebalanceMs, memberId: this.#memberId, owned: this.#held }
    this.#wantsShare = false
    this.#leading?.abort()
    const joined = await this.#askCoordinator(
      'group',
      (versions) => requests.joinGroup(question, versions),
      rebalanceMs + JOIN_GRACE_MS,
    )
    // Also where it is refused for want of an id.
    if (joined.memberId !== '') this.#memberId = joined.memberId
    this.#expect(joined.errorCode, 'to join the group')
    this.#generation = joined.generation
    const isLeader = joined.leaderId === this.#memberId
    const shares = isLeader ? await this.#deal(joined) : new Map<string, readonly TopicPartition[]>()
    const sentMs = this.#clock.monotonic()
    const membership = this.#membership
    const synced = await this.#askCoordinator(
      'group',
      (versions) => requests.syncGroup(membership, shares, versions),
      rebalanceMs + JOIN_GRACE_MS,
    )
    this.#expect(synced.errorCode, 'to get a share of the group')
    this.#settledMs = sentMs
    this.#alive(sentMs)
    this.#take(synced.assigned)
    if (isLeader) this.#lead()
  }

  #lead(): void {
    this.#leading = new AbortController()
    this.#events.leading(this.#leading.signal)
  }

  async #deal({ members }: requests.Joined): Promise<ReadonlyMap<string, readonly TopicPartition[]>> {
    const topics = [...new Set(members.flatMap(({ subscription }) => subscription.topics))]
    const { topics: known, errors } = await this.#cluster.refresh(topics)
    // A node may not know a topic yet, or for the moment. To deal out nothing of it would take it from everybody.
    const [missing] = [...errors]
    if (missing !== undefined) throw serverError(missing[1], missing[0])
    const counts = new Map(known.map(({ topic, partitions }) => [topic, partitions.length]))
    const views = members.map(({ memberId, subscription }) => ({ memberId, ...subscription }))
    return this.#options.assign(views, (topic) => counts.get(topic) ?? 0)
  }

  #take(assigned: readonly TopicPartition[]): void {
    const now = new Set(assigned.map(partitionKey))
    const before = new Set(this.#held.map(partitionKey))
    const letting = new Set(this.#letting.map(partitionKey))
    const added = assigned.filter((one) => !before.has(partitionKey(one)))
    // What is on its way out already goes on doing so, whoever it was promised to meanwhile.
    const leaving = this.#held.filter((one) => !now.has(partitionKey(one)) && !letting.has(partitionKey(one)))
    this.#held = [...this.#held, ...added]
    if (added.length > 0) this.#events.assigned(added)
    if (leaving.length > 0) void this.#letGo(leaving)
  }

  async #letGo(leaving: readonly TopicPartition[]): Promise<void> {
    this.#letting = [...this.#letting, ...leaving]
    await this.#events.revoking(leaving)
    // These, and not the same ones that came again: lost meanwhile, and told.
    if (!leaving.some((one) => this.#letting.includes(one))) return
    this.#letting = this.#letting.filter((one) => !leaving.includes(one))
    this.#held = this.#held.filter((one) => !leaving.includes(one))
    this.#wantsShare = true
    this.#wake()
  }

  // ------------------------------------------------------------------------------------------------ signs of life

  /** Until something has to be shared out anew. */
  async #stay(): Promise<void> {
    while (!this.#isOver) {
      await this.#pause(this.#beatMs)
      if (this.#wantsShare || this.#isOver) return
      await this.#beat()
    }
  }

  async #beat(): Promise<void> {
    this.#expect(await this.#giveSign('group'), 'a sign of life')
  }

  async #beatUntil(over: AbortSignal): Promise<void> {
    const ended = aborted(over)
    while (!over.aborted && !this.#isOver) {
      await pause(this.#cluster.timers, this.#beatMs, over, this.#cluster.closing)
      if (over.aborted) return
      const code = await Promise.race([this.#giveSign('ask').catch(() => undefined), ended])
      if (code === errorCodes.unknownMemberId && !over.aborted) {
        // It has not heard the question in time, and others may have what was held.
        this.#loseAll(this.#error(code, 'a sign of life'))
        this.#cluster.release(this.#purpose)
        return
      }
      // Everything else is found out by the answer that is waited for.
    }
  }

  /** Returns what the coordinator says to it. */
  async #giveSign(purpose: 'ask' | 'group'): Promise<number> {
    const sentMs = this.#clock.monotonic()
    const membership = this.#membership
    // No longer than others wait: whoever coordinates by then has to be found before.
    const timeoutMs = Math.min(this.#cluster.requestTimeoutMs, this.#options.sessionMs / 3)
    const { errorCode } = await this.#askCoordinator(
      purpose,
      (versions) => requests.heartbeat(membership, versions),
      timeoutMs,
    )
    // Said of a membership that is over by now, it says nothing of this one.
    if (membership.memberId !== this.#memberId) return errorCode
    if (errorCode === 0) this.#settledMs = sentMs
    // Who is asked to share out anew is alive as well, but no longer than it has time to ask.
    if (errorCode === 0 || judgeGroup(errorCode) === 'rejoin') this.#alive(sentMs)
    return errorCode
  }

  get #beatMs(): number {
    return Math.min(this.#options.sessionMs / BEATS_IN_SESSION, SLOWEST_BEAT_MS)
  }

  /** The coordinator has heard of it after `sentMs`. */
  #alive(sentMs: number): void {
    const { sessionMs, rebalanceMs } = this.#options
    this.#aliveUntilMs = Math.min(sentMs + sessionMs, this.#settledMs + rebalanceMs)
    this.#cancelLoss?.()
    this.#cancelLoss = this.#cluster.timers.after(this.#aliveUntilMs - this.#clock.monotonic(), () => {
      const text = `${this.#options.group}: no sign of life has got through to the coordinator within ${sessionMs} ms`
      this.#loseAll(new KafkaError(text, { kind: 'io', errno: 'ETIMEDOUT' }))
      // The coordinator may have heard the last one later than it was sent, and still count on this member.
      this.share()
    })
  }

  // ------------------------------------------------------------------------------------------------ asking

  async #askCoordinator<T>(
    purpose: 'ask' | 'group',
    make: (versions: NodeVersions) => KafkaRequest<T>,
    timeoutMs?: number,
  ): Promise<T> {
    const coordinator = this.#coordinator
    if (coordinator === undefined)
      throw new KafkaError('who coordinates the group is not known at the moment', { kind: 'io' })
    const connection = purpose === 'ask' ? purpose : this.#purpose
    return this.#cluster.askNode(coordinator, connection, make, timeoutMs)
  }

  #expect(code: number, what: string): void {
    const verdict = judgeGroup(code)
    if (verdict !== 'ok') throw new Again(verdict, this.#error(code, what))
  }

  /** Said beside the member's own life: where another node coordinates, its next sign of life finds out at once. */
  #doubtful(code: number, what: string): KafkaError {
    if (judgeGroup(code) === 'elsewhere') this.#wake()
    return this.#error(code, what)
  }

  #error(code: number, what: string): KafkaError {
    return serverError(code, `${this.#options.group}: ${what}`)
  }
}
