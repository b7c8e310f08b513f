import type { Outbound, StoredLetter } from '../spi/envelope.js'
import type { GroupRef } from '../spi/sending.js'
import type { Broker } from './broker.js'
import type { Client } from './client.js'
import { backlogOf, type GroupPartition } from './group.js'
import { LogSource } from './log-source.js'

/** What a broker can be asked about its inside. */
export interface InspectionControl {
  /** What a log keeps, partition by partition in order; of a queue, what at least one group has not settled. */
  messages(topic: string): readonly Outbound[]
  /** Their ids. */
  ids(topic: string): readonly string[]
  /** What a group has not settled as far as the broker knows, in the order in which it would come; delayed messages last. */
  groupMessages(ref: GroupRef, partition?: number): readonly Outbound[]
  /** How many that is. */
  depth(ref: GroupRef, partition?: number): number
  /** How many of them were handed over. */
  unsettled(ref: GroupRef, partition?: number): number
  /** Where a group goes on in a partition of a log; `undefined` of a queue. */
  position(ref: GroupRef, partition: number): number | undefined
  /** First and next offset of a partition of a log; `undefined` of a queue. */
  offsets(topic: string, partition: number): { readonly start: number; readonly end: number } | undefined
  deadLetters(ref: GroupRef): readonly StoredLetter[]
  /** Consumers that take part in a group now. */
  consumers(ref: GroupRef): number
  /** Which client owns which partition; `undefined` where nobody does, or where consumers share. */
  owners(ref: GroupRef): readonly (string | undefined)[]
  /** Everything that somebody has registered and not taken back: consumers, waiting questions, rules. */
  listeners(): number
}

export function inspection(broker: Broker): InspectionControl {
  const parts = (ref: GroupRef, partition?: number): readonly GroupPartition[] => {
    const { partitions } = broker.existingGroup(ref)
    return partition === undefined ? partitions : partitions.filter((part) => part.partition === partition)
  }
  const messages = (name: string): readonly Outbound[] => {
    const topic = broker.topic(name)
    if (broker.log) return topic.logs.flatMap((log) => [...log].map((record) => record.message))
    const all = [...topic.groups.values()].flatMap((group) => group.partitions.flatMap((part) => part.messages()))
    return [...new Set(all.map(({ message }) => message))]
  }

  return {
    messages,
    ids: (topic) => messages(topic).map((message) => message.id),
    groupMessages: (ref, partition) =>
      parts(ref, partition).flatMap((part) => part.messages().map(({ message }) => message)),
    depth: (ref, partition) => parts(ref, partition).reduce((sum, part) => sum + backlogOf(part), 0),
    unsettled: (ref, partition) => parts(ref, partition).reduce((sum, part) => sum + part.unsettled, 0),
    position: (ref, partition) => {
      const [part] = parts(ref, partition)
      return part instanceof LogSource ? part.watermark : undefined
    },
    offsets: (topic, partition) => {
      const log = broker.topic(topic).logs[partition]
      return log === undefined ? undefined : { start: log.start, end: log.end }
    },
    deadLetters: (ref) => broker.existingGroup(ref).letters.read(undefined, Infinity),
    consumers: (ref) => broker.group(ref)?.membership.members.length ?? 0,
    owners: (ref) => {
      const { membership, partitions } = broker.existingGroup(ref)
      return partitions.map(({ partition }) => membership.ownerOf(partition)?.clientName)
    },
    listeners: () => {
      const clients = [...broker.clients] as Client[]
      return clients.reduce((sum, client) => sum + client.consumers.size + client.waiting, broker.rules.size)
    },
  }
}
