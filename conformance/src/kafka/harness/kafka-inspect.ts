import type { Inspect } from '@sluice/testing'
import type { WireState } from '../relay/wire-state.js'
import type { KafkaOperator } from '../operate/kafka-operator.js'

/** The cluster's own view, asked with another client. What is handed out and not settled is only known to its owner. */
export function kafkaInspect(operator: KafkaOperator, wire: WireState): Partial<Inspect> {
  return {
    depth: (topic, group) => operator.unsettled(topic, group),
    position: (topic, group, partition) => operator.position(topic, `${topic}.${group}`, partition),
    stored: (topic) => operator.stored(topic),
    deadLetters: (topic, group) => operator.deadLetters(topic, group),
    sends: () => Promise.resolve(wire.sends),
    members: (topic, group) => operator.members(`${topic}.${group}`),
    owners: (topic, group) => operator.owners(topic, `${topic}.${group}`),
  }
}
