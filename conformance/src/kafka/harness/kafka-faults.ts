import type { Kafka } from '@sluice/brokers'
import type { Faults, GroupName, Undo } from '@sluice/testing'
import { escapePattern } from '../../escape-pattern.js'
import type { Relay } from '../../relay/relay.js'
import type { WireState } from '../relay/wire-state.js'
import { handOver } from '../operate/hand-over.js'
import type { KafkaOperator } from '../operate/kafka-operator.js'

export interface Means {
  readonly relay: Relay
  readonly wire: WireState
  readonly operator: KafkaOperator
}

/**
 * The faults of the kit in terms of a private cluster, of the relay before it and of somebody who operates it. A client has no sides here:
 * what hits one hits all of its connections.
 */
export function kafkaFaults({ nodes }: Kafka, { relay, wire, operator }: Means): Partial<Faults> {
  const startAll = async (): Promise<void> => {
    await Promise.all(nodes.filter(({ state }) => state === 'stopped').map((node) => node.start()))
  }
  return {
    cut: async (client) => relay.cut({ client }),
    expel: (client) => operator.expel(client),
    disconnect: async (client) => undo(relay.refuse({ client })),
    silence: async (client) => undo(relay.silence({ client })),
    // A process that is gone has no connections any more, and never comes back; what runs on in this one reaches nobody.
    async kill(client) {
      relay.refuse({ client })
    },
    // The coordinator ends its session when it has missed it for long enough, as that of a process that was stopped.
    freeze: async (client) => undo(relay.silence({ client })),
    async stopBroker() {
      await Promise.all(nodes.map((node) => node.kill()))
      return startAll
    },
    ...(nodes.length === 1
      ? {}
      : {
          stopNodes: async (count: 1 | 2) => {
            await Promise.all(nodes.slice(0, count).map((node) => node.kill()))
            return startAll
          },
          // All of them have to have a message, and one is gone: nobody asks for more than there are.
          async lackReplicas(topic: string) {
            const before = await operator.configure(topic, 'min.insync.replicas', String(nodes.length))
            await nodes.at(-1)?.kill()
            await operator.untilLacking(topic, nodes.length)
            return async () => {
              await startAll()
              await operator.configure(topic, 'min.insync.replicas', before)
            }
          },
          stopCoordinator: async ({ topic, group }: GroupName) => {
            const id = await operator.coordinator(`${topic}.${group}`)
            await (nodes.find((node) => node.id === id) ?? nodes[0])?.kill()
            return startAll
          },
        }),
    slowSends: async (delayMs) => undo(relay.rules.slow(delayMs)),
    failSends: async (rule) => undo(relay.rules.fail(rule)),
    handOver: (group, partition, to) => handOver(operator, { group, partition, to }),
    addPartitions: (topic, partitions) => operator.addPartitions(topic, partitions),
    trim: (topic, messages) => operator.trim(topic, messages),
    gap: (topic, positions) => operator.gap(topic, positions),
    // The broker writes it anew, with its own codec.
    compress: async (topic, codec) => void (await operator.configure(topic, 'compression.type', codec)),
    async corrupt(id) {
      wire.spoiled.add(id)
      return async () => void wire.spoiled.delete(id)
    },
    deleteTopic: (topic) => operator.remove(new RegExp(`^${escapePattern(topic)}($|[.])`)),
  }
}

const undo =
  (run: () => void): Undo =>
  async () =>
    run()
