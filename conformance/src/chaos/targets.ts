import { startKafkaTarget } from '../kafka/chaos/kafka-target.js'
import { startRabbitTarget } from '../rabbitmq/chaos/rabbit-target.js'
import type { Target } from './target.js'

interface KnownTarget {
  /** Numbers of nodes that it can be started with, the usual one first. */
  readonly nodes: readonly number[]
  start(nodes: number, seed: number): Promise<Target>
}

/** Every broker that chaos can break, by the name of the adapter. */
export const targets: Readonly<Record<string, KnownTarget>> = {
  kafka: { nodes: [1, 3], start: (nodes, seed) => startKafkaTarget(nodes === 3 ? 3 : 1, seed) },
  rabbitmq: { nodes: [1, 3], start: (nodes, seed) => startRabbitTarget(nodes === 3 ? 3 : 1, seed) },
}
