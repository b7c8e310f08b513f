import { setTimeout as sleep } from 'node:timers/promises'
import { AssignerProtocol } from 'kafkajs'
import { KafkaConnection } from '../protocol/connection.js'
import { heartbeat, joinGroup, leaveGroup, syncGroup } from '../protocol/membership.js'

export interface NewcomerOptions {
  /** Of the node that coordinates the group. */
  readonly address: string
  readonly group: string
  readonly topics: readonly string[]
  /** That it says to hold already. */
  readonly partition: number
}

/** Comes before all names that clients have: of two that claim a partition the smaller one has it. */
const clientId = '!operator'
const beatMs = 100
/** UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS. */
const again: ReadonlySet<number> = new Set([22, 25, 27])

/** A member of a group that wants one partition, and reads nothing. */
export class Newcomer {
  readonly partition: number
  /** The group has given the partition to it. */
  holds = false
  /** Why it is no member any more. */
  failure: Error | undefined
  readonly #options: NewcomerOptions
  readonly #connection: KafkaConnection
  #memberId = ''
  #over = false

  static async join(options: NewcomerOptions): Promise<Newcomer> {
    return new Newcomer(options, await KafkaConnection.open(options.address, clientId))
  }

  private constructor(options: NewcomerOptions, connection: KafkaConnection) {
    this.#options = options
    this.#connection = connection
    this.partition = options.partition
    this.#live().catch((error: unknown) => {
      if (!this.#over) this.failure = error instanceof Error ? error : new Error(String(error))
    })
  }

  /** Once it has joined. */
  get id(): string {
    return this.#memberId
  }

  get hasLeft(): boolean {
    return this.#over
  }

  async leave(): Promise<void> {
    this.#over = true
    const { group, address } = this.#options
    // Its own connection may wait for everybody to join.
    const connection = await KafkaConnection.open(address, clientId)
    if (this.#memberId !== '') await leaveGroup(connection, { group, memberId: this.#memberId })
    connection.close()
    this.#connection.close()
  }

  async #live(): Promise<void> {
    const { group, topics, partition } = this.#options
    while (!this.#over) {
      const own = { group, memberId: this.#memberId }
      const joined = await joinGroup(this.#connection, own, { topics, owned: [partition] })
      if (again.has(joined.errorCode)) {
        if (joined.errorCode === 25) this.#memberId = ''
        continue
      }
      if (joined.errorCode !== 0) throw new Error(`join of ${group}: error ${joined.errorCode}`)
      this.#memberId = joined.memberId
      // It could deal out nothing.
      if (joined.leaderId === joined.memberId) throw new Error(`${group}: leads the group`)
      await this.#stay({ group, memberId: joined.memberId, generation: joined.generation })
    }
  }

  /** Until the group is shared out anew. */
  async #stay(member: {
    readonly group: string
    readonly memberId: string
    readonly generation: number
  }): Promise<void> {
    const { errorCode, share } = await syncGroup(this.#connection, member)
    if (errorCode !== 0) return
    const { assignment = {} } = (share.length === 0 ? null : AssignerProtocol.MemberAssignment.decode(share)) ?? {}
    const [source = ''] = this.#options.topics
    this.holds = (assignment[source] ?? []).includes(this.partition)
    while (!this.#over && (await heartbeat(this.#connection, member)) === 0) await sleep(beatMs)
  }
}
