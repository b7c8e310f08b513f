import { adapterError, type AdapterError } from '../spi/adapter-error.js'
import type { Outbound } from '../spi/envelope.js'
import type { Destination, SendResult } from '../spi/sending.js'
import type { Broker } from './broker.js'

const stored: SendResult = Object.freeze({ kind: 'stored' })

/** Stores a message where it belongs, or says why the broker does not take it. */
export function storeMessage(
  broker: Broker,
  destination: Destination,
  partition: number,
  message: Outbound,
  nowMs: number,
): SendResult {
  const name = destination.to === 'topic' ? destination.topic : destination.group.topic
  const topic = broker.topics.get(name)
  if (topic === undefined) return refused('UNKNOWN_TOPIC', `topic "${name}" does not exist`, 'topic')
  if (partition < 0 || partition >= topic.partitions) {
    return refused(
      'TOPOLOGY_MISMATCH',
      `topic "${name}" has ${topic.partitions} partitions, not one with number ${partition}`,
      'topic',
    )
  }
  const limit = broker.limits.maxMessageBytes
  if (message.bytes > limit) {
    return refused(
      'TOO_LARGE',
      `a message of ${message.bytes} bytes is larger than the ${limit} that are allowed`,
      'message',
    )
  }
  if (destination.to === 'topic') {
    if (topic.groups.size === 0 && !broker.log) {
      return refused(
        'UNROUTABLE',
        `topic "${name}" has no group, and a ${broker.like} keeps no message without one`,
        'message',
      )
    }
    const position = topic.append(partition, message, nowMs)
    return position === undefined ? stored : { kind: 'stored', position }
  }
  const group = topic.groups.get(destination.group.group)
  if (group === undefined) {
    return refused('UNROUTABLE', `group "${destination.group.group}" of topic "${name}" does not exist`, 'group')
  }
  if (destination.to === 'dead-letter') return { kind: 'stored', position: group.letters.add(message) }
  group.add(partition, message, nowMs, destination.delayMs ?? 0)
  return stored
}

function refused(code: AdapterError['code'], text: string, scope: AdapterError['scope']): SendResult {
  return { kind: 'refused', error: adapterError(code, text, { scope }) }
}
