import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Channel, type ChannelModel } from 'amqplib'
import { balance } from '@sluice/core/spi'
import type { GroupName } from '@sluice/testing'

/** Where the processes of all groups say what they own. */
const membersExchange = 'sluice.members'
const moveTimeoutMs = 20_000
const lookMs = 20
/** Members look for whoever says nothing for longer than a second. */
const repeatMs = 500

interface Move {
  readonly partitions: number
  readonly partition: number
  readonly to: string
}

interface Member {
  readonly client: string
  readonly owned: readonly number[]
}

/**
 * Moves a partition of a group from one process to another, as an operator could: nobody has a say in the shares but the members, so for a
 * while there are more of them. One newcomer for each partition claims it before everybody else, the processes let go of what they own, by
 * plan, and then the newcomers leave one after the other, in the order in which the shares come out as wanted.
 */
export async function handOver(url: string, group: GroupName, partition: number, to: string): Promise<void> {
  const connection = await connect(url, { noDelay: true, timeout: 10_000 })
  connection.on('error', () => undefined)
  try {
    await new Operator(connection, group).move(partition, to)
  } finally {
    await connection.close().catch(() => undefined)
  }
}

class Operator {
  readonly #connection: ChannelModel
  readonly #group: GroupName
  readonly #key: string
  /** What the others have said last, by their ids. */
  readonly #members = new Map<string, Member>()
  /** The partition of each newcomer, by its id. */
  readonly #newcomers = new Map<string, number>()

  constructor(connection: ChannelModel, group: GroupName) {
    this.#connection = connection
    this.#group = group
    this.#key = `${group.topic}.${group.group}`
  }

  async move(partition: number, to: string): Promise<void> {
    const channel = await this.#connection.createChannel()
    channel.on('error', () => undefined)
    await this.#listen(channel)
    const partitions = await this.#countPartitions()
    await this.#until('the member and the owners of all partitions', () => {
      const owned = [...this.#members.values()].flatMap((member) => member.owned)
      return this.#idOf(to) !== undefined && new Set(owned).size === partitions
    })
    if (partitions < this.#members.size) throw this.#failure(`there are more members than its ${partitions} partitions`)

    for (let one = 0; one < partitions; one++) await this.#come(channel, one)
    const repeating = setInterval(() => this.#sayAll(channel), repeatMs)
    try {
      await this.#until('everybody to have let go', () =>
        [...this.#members.values()].every(({ owned }) => owned.length === 0),
      )
      while (this.#newcomers.size > 0) await this.#dealOne(channel, { partitions, partition, to })
    } finally {
      clearInterval(repeating)
      for (const id of this.#newcomers.keys()) this.#say(channel, id, {})
      await channel.close()
    }
  }

  /** One newcomer leaves, and the member gets its partition whose turn it is. */
  async #dealOne(channel: Channel, { partitions, partition, to }: Move): Promise<void> {
    const ids = [...this.#newcomers.keys()]
    const own = ids.find((id) => this.#newcomers.get(id) === partition)
    const isTurn = own !== undefined && this.#receiver(own, partitions) === this.#idOf(to)
    const next = isTurn ? own : (ids.find((id) => id !== own) ?? own)
    if (next === undefined) return
    if (next === own && !isTurn) throw this.#failure(`partition ${partition} would not come to ${to}`)
    const free = this.#newcomers.get(next)
    this.#newcomers.delete(next)
    this.#say(channel, next, {})
    await this.#until(`partition ${free} to be taken`, () =>
      [...this.#members.values()].some(({ owned }) => owned.some((one) => one === free)),
    )
  }

  /** Who gets the partition of a newcomer that leaves, as all members compute it. */
  #receiver(leaving: string, partitions: number): string | undefined {
    const newcomers = [...this.#newcomers].filter(([id]) => id !== leaving).map(([id, one]) => ({ id, owned: [one] }))
    const members = [...this.#members].map(([id, { owned }]) => ({ id, owned }))
    const shares = balance({ partitions, members: [...members, ...newcomers] })
    const free = this.#newcomers.get(leaving) ?? -1
    return members.find(({ id }) => shares.get(id)?.includes(free) === true)?.id
  }

  /** Present as a process is: as long as its exclusive queue exists. Its id comes before those that the broker gives. */
  async #come(channel: Channel, partition: number): Promise<void> {
    const id = `!operator-${randomBytes(6).toString('hex')}-${partition}`
    await channel.assertQueue(id, { exclusive: true, durable: false })
    this.#newcomers.set(id, partition)
    this.#say(channel, id, { [this.#key]: [partition] })
  }

  async #listen(channel: Channel): Promise<void> {
    const { queue } = await channel.assertQueue('', { exclusive: true, durable: false })
    await channel.bindQueue(queue, membersExchange, this.#key)
    await channel.consume(queue, (message) => message !== null && this.#heard(message.content), { noAck: true })
    // Of a group that it is not in, so that it counts for nobody; but everybody answers.
    this.#publish(channel, { id: queue, hello: true, groups: { '!nobody': [] } })
  }

  #heard(content: Buffer): void {
    const { id, client, groups } = JSON.parse(content.toString('utf8')) as {
      readonly id: string
      readonly client: string
      readonly groups: Readonly<Record<string, readonly number[]>>
    }
    if (id.startsWith('!operator-')) return
    const owned = groups[this.#key]
    if (owned === undefined) this.#members.delete(id)
    else this.#members.set(id, { client, owned })
  }

  async #countPartitions(): Promise<number> {
    for (let count = 0; ; count++) {
      const probe = await this.#connection.createChannel()
      probe.on('error', () => undefined)
      const exists = await probe.checkQueue(`${this.#key}:${count}`).then(
        () => true,
        () => false,
      )
      if (!exists) return count
      await probe.close()
    }
  }

  #sayAll(channel: Channel): void {
    for (const [id, partition] of this.#newcomers) this.#say(channel, id, { [this.#key]: [partition] })
  }

  #say(channel: Channel, id: string, groups: Readonly<Record<string, readonly number[]>>): void {
    this.#publish(channel, { id, hello: false, groups })
  }

  #publish(
    channel: Channel,
    announcement: {
      readonly id: string
      readonly hello: boolean
      readonly groups: Readonly<Record<string, readonly number[]>>
    },
  ): void {
    const body = { v: 1, client: 'operator', leaving: [], ...announcement }
    channel.publish(membersExchange, this.#key, Buffer.from(JSON.stringify(body)))
  }

  #idOf(client: string): string | undefined {
    return [...this.#members].find(([, member]) => member.client === client)?.[0]
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + moveTimeoutMs
    while (!condition()) {
      if (performance.now() > deadline) {
        const seen = [...this.#members.values()].map(({ client, owned }) => `${client}: ${owned.join()}`).join('; ')
        throw this.#failure(`waited for ${what}; saw ${seen}`)
      }
      await sleep(lookMs)
    }
  }

  #failure(why: string): Error {
    return new Error(`cannot move a partition of ${this.#group.topic} ${this.#group.group}: ${why}`)
  }
}
