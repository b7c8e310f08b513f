import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import { partitionKey } from '../src/wire/partitions.js'
import type {
  CommittedOffset,
  CommitResult,
  GroupMember,
  GroupOffset,
  JoinOptions,
  MemberEvents,
  TopicPartition,
} from '../src/wire/port.js'
import type { FakeKafka } from './fake-cluster.js'

const refused = (code: number): KafkaError => new KafkaError('refused by the group', { kind: 'server', code })

/** A group as the coordinator keeps it: members, shares, and how far it has got. */
export class FakeGroup {
  readonly kafka: FakeKafka
  readonly offsets = new Map<string, GroupOffset>()
  readonly members: FakeMember[] = []
  #scheduled = false
  #leading = new AbortController()
  #ids = 0

  constructor(kafka: FakeKafka) {
    this.kafka = kafka
  }

  committed({ topic, partition }: TopicPartition): CommittedOffset {
    const found = this.offsets.get(partitionKey({ topic, partition }))
    return { topic, partition, offset: found?.offset, metadata: found?.metadata ?? '' }
  }

  join(options: JoinOptions, events: MemberEvents): FakeMember {
    const member = new FakeMember(this, `m${(this.#ids += 1)}`, options, events)
    this.members.push(member)
    this.share()
    return member
  }

  remove(member: FakeMember): void {
    const index = this.members.indexOf(member)
    if (index === -1) return
    this.members.splice(index, 1)
    this.share()
  }

  share(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#leading.abort()
    setImmediate(() => {
      this.#scheduled = false
      this.#deal()
    })
  }

  #deal(): void {
    const [leader] = this.members
    if (leader === undefined) return
    const views = this.members.map(({ id, options, held }) => {
      return { memberId: id, topics: options.topics, owned: [...held.values()] }
    })
    const shares = leader.options.assign(views, (topic) => this.kafka.topics.get(topic)?.partitions ?? 0)
    for (const member of [...this.members]) member.take(shares.get(member.id) ?? [])
    this.#leading = new AbortController()
    leader.events.leading(this.#leading.signal)
  }
}

export class FakeMember implements GroupMember {
  readonly group: FakeGroup
  readonly id: string
  readonly options: JoinOptions
  readonly events: MemberEvents
  readonly held = new Map<string, TopicPartition>()
  readonly #letting = new Set<string>()
  /** Until it has a share. */
  aliveUntilMs = -Infinity

  constructor(group: FakeGroup, id: string, options: JoinOptions, events: MemberEvents) {
    this.group = group
    this.id = id
    this.options = options
    this.events = events
  }

  take(share: readonly TopicPartition[]): void {
    this.aliveUntilMs = Infinity
    const now = new Map(share.map((one) => [partitionKey(one), one]))
    const leaving = [...this.held].filter(([key]) => !now.has(key) && !this.#letting.has(key))
    const added = [...now].filter(([key]) => !this.held.has(key))
    for (const [key, one] of added) this.held.set(key, one)
    if (added.length > 0) this.events.assigned(added.map(([, one]) => one))
    if (leaving.length > 0) void this.#letGo(leaving)
  }

  async #letGo(leaving: readonly [string, TopicPartition][]): Promise<void> {
    for (const [key] of leaving) this.#letting.add(key)
    await this.events.revoking(leaving.map(([, one]) => one))
    for (const [key] of leaving) {
      this.#letting.delete(key)
      this.held.delete(key)
    }
    this.group.share()
  }

  /** The session is over before anybody knows. */
  lose(): void {
    const lost = [...this.held.values()]
    this.held.clear()
    this.group.remove(this)
    this.events.lost(lost, new KafkaError('no sign of life', { kind: 'io', errno: 'ETIMEDOUT' }))
  }

  async committed(of: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    await this.group.kafka.answer()
    return of.map((one) => this.group.committed(one))
  }

  async commit(offsets: readonly GroupOffset[]): Promise<readonly CommitResult[]> {
    await Promise.resolve()
    const { kafka } = this.group
    const isMember = this.group.members.includes(this)
    const error = isMember ? (kafka.commitTrouble ?? kafka.trouble) : refused(errorCodes.unknownMemberId)
    return offsets.map((one) => {
      const { topic, partition } = one
      if (error === undefined) {
        this.group.offsets.set(partitionKey(one), one)
        kafka.commits.push(one)
      }
      return { topic, partition, error }
    })
  }

  share(): void {
    this.group.share()
  }

  async leave(): Promise<void> {
    await Promise.resolve()
    this.held.clear()
    this.group.remove(this)
  }
}
