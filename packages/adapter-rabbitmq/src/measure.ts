import { adapterError, type GroupMeasure, type GroupRef } from '@sluice/core/spi'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { hasCode } from './standing.js'
import type { BrokerTopology } from './topology.js'
import type { QueueFacts } from './wire/port.js'

export interface MeasureOptions {
  /** Of the consume side: the broker may have stopped to read the other one. */
  readonly link: Link
  readonly names: Names
  readonly topology: BrokerTopology
}

/**
 * What the broker says about the queues of a group. It tells how many messages wait, not how many are handed over: while somebody
 * consumes, `unsettled` is unknown and `backlog` is without them. A queue that has no leader at the moment says that it is empty.
 */
export async function measureGroup(
  { link, names, topology }: MeasureOptions,
  { topic, group }: GroupRef,
  signal: AbortSignal,
): Promise<GroupMeasure> {
  const isExisting = names.existingGroup(topic, group) !== undefined
  const shape = await topology.shape(topic, signal)
  if (shape === undefined) throw unknown(topic, group)
  const { partitioned } = shape
  const queues = Array.from({ length: isExisting ? 1 : shape.partitions }, (_, partition) =>
    names.queue(topic, group, partition, partitioned),
  )
  const facts = await look(link, queues, signal)
  if (facts === undefined) throw unknown(topic, group)
  const letters = await look(link, [names.deadLetters(topic, group)], signal)
  return {
    backlog: facts.reduce((sum, { messages }) => sum + messages, 0),
    unsettled: facts.every(({ consumers }) => consumers === 0) ? 0 : undefined,
    oldestMs: undefined,
    deadLetters: letters?.[0]?.messages,
    partitions: facts.map(({ messages }, partition) => ({ partition, backlog: messages })),
  }
}

/** `undefined`: one of them does not exist. */
function look(link: Link, queues: readonly string[], signal: AbortSignal): Promise<readonly QueueFacts[] | undefined> {
  return link.onChannel(async (channel) => {
    const facts: QueueFacts[] = []
    try {
      for (const queue of queues) facts.push(await channel.checkQueue(queue))
    } catch (error) {
      if (hasCode(error, 404)) return undefined
      throw error
    }
    return facts
  }, signal)
}

const unknown = (topic: string, group: string): Error =>
  adapterError('UNKNOWN_TOPIC', `group ${topic}.${group} does not exist at the broker`, { scope: 'group' })
