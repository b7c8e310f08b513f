import { setTimeout as delay } from 'node:timers/promises'
import { freeze, gap, killOne, killOnly, majorityDown, rollingRestart } from '../../chaos/faults/node-faults.js'
import { oneOf, type FaultKind } from '../../chaos/target.js'
import { orderedGroup, orders } from '../../chaos/topics.js'
import type { BrokenRabbit } from './rabbit-target.js'

/** What happens to the nodes of the broker. */
export function nodeFaults(broken: BrokenRabbit): readonly FaultKind[] {
  const { node, nodes } = broken.rabbit
  const alike = [freeze(nodes, 30_000), alarm(broken)]
  if (nodes.length === 1) return [...alike, killOnly(node, 12_000)]
  return [
    ...[...alike, killLeader(broken), rollingRestart(nodes, 36_000)],
    ...[majorityDown(nodes, { ms: 20_000, expectedMs: 36_000 }), isolate(broken)],
  ]
}

/** Nothing is lost by it, so nothing is noted that would excuse anything. */
const alarm = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F9',
  title: 'memory alarm',
  expectedMs: 5_000,
  weight: 6,
  async run(scene) {
    const ms = 2_000 + Math.floor(scene.random() * 2_000)
    await rabbit.memoryAlarm(true)
    await delay(ms)
    await rabbit.memoryAlarm(false)
    return `publishers blocked for ${ms} ms`
  },
})

const killLeader = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F5',
  title: 'kill -9 of the leader of a partition',
  expectedMs: 12_000,
  weight: 8,
  run: async (scene) => killOne(scene, (await rabbit.leader(`${orders.name}.${orderedGroup}:0`)) ?? rabbit.node),
})

const isolate = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'ISO',
  title: 'a node cut off from the others',
  expectedMs: 12_000,
  weight: 5,
  async run(scene) {
    const node = oneOf(scene, rabbit.nodes)
    scene.facts.loses(null)
    await rabbit.isolate(node)
    const gapMs = await gap(scene)
    await rabbit.heal()
    return `${node.name} cut off, through again without it after ${gapMs} ms, healed`
  },
})
