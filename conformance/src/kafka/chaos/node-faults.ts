import type { KafkaNode } from '@sluice/brokers'
import {
  freeze,
  gap,
  killOne,
  killOnly,
  majorityDown,
  rollingRestart,
  type BreakableNode,
} from '../../chaos/faults/node-faults.js'
import { oneOf, type FaultKind } from '../../chaos/target.js'
import { orderedGroup, orders } from '../../chaos/topics.js'
import type { BrokenKafka } from './kafka-target.js'

/** What happens to the nodes of the cluster. */
export function nodeFaults(broken: BrokenKafka): readonly FaultKind[] {
  const nodes = broken.kafka.nodes.map(breakable)
  const only = breakable(broken.kafka.node)
  const frozen = freeze(nodes, 20_000)
  if (nodes.length === 1) return [frozen, killOnly(only, 10_000), stopOnly(only)]
  return [
    ...[frozen, killLeader(broken), killCoordinator(broken), moveLeaders(nodes)],
    ...[rollingRestart(nodes, 30_000), majorityDown(nodes, { ms: 15_000, expectedMs: 28_000 })],
  ]
}

function breakable(node: KafkaNode): BreakableNode {
  return {
    name: `node ${node.id}`,
    start: () => node.start(),
    stop: () => node.stop(),
    kill: () => node.kill(),
    pause: () => node.pause(),
    resume: () => node.resume(),
  }
}

const stopOnly = (node: BreakableNode): FaultKind => ({
  id: 'F6',
  title: 'restart of the only node in good order',
  expectedMs: 10_000,
  weight: 5,
  async run(scene) {
    scene.facts.loses(null)
    await node.stop()
    await node.start()
    return `${node.name} stopped and started again`
  },
})

const killLeader = (broken: BrokenKafka): FaultKind => ({
  id: 'F5',
  title: 'kill -9 of the leader of a partition',
  expectedMs: 14_000,
  weight: 8,
  run: async (scene) =>
    killOne(scene, nodeOf(broken, await broken.operator.leader(orders.name, 0).catch(() => undefined))),
})

const killCoordinator = (broken: BrokenKafka): FaultKind => ({
  id: 'F5',
  title: 'kill -9 of the coordinator of a group',
  expectedMs: 14_000,
  weight: 6,
  async run(scene) {
    const group = `${orders.name}.${orderedGroup}`
    return killOne(scene, nodeOf(broken, await broken.operator.coordinator(group).catch(() => undefined)))
  },
})

/** A node that is stopped in good order hands on what it leads. */
const moveLeaders = (nodes: readonly BreakableNode[]): FaultKind => ({
  id: 'LEAD',
  title: 'leaders moved',
  expectedMs: 12_000,
  weight: 5,
  async run(scene) {
    const node = oneOf(scene, nodes)
    scene.facts.loses(null)
    await node.stop()
    const gapMs = await gap(scene)
    await node.start()
    return `${node.name} stopped, through again without it after ${gapMs} ms, started again`
  },
})

/** The node of that number; the first where nobody knows. */
const nodeOf = ({ kafka }: BrokenKafka, id: number | undefined): BreakableNode =>
  breakable(kafka.nodes.find((node) => node.id === id) ?? kafka.node)
