import { setTimeout as delay } from 'node:timers/promises'
import { machineTime } from '../../chaos/clock.js'
import { oneOf, type FaultKind, type Scene } from '../../chaos/target.js'
import { orderedGroup, orders } from '../../chaos/topics.js'
import type { BrokenRabbit } from './rabbit-target.js'

const recoveryLimitMs = 60_000

/** What happens to the nodes of the broker. */
export function nodeFaults(broken: BrokenRabbit): readonly FaultKind[] {
  const alike = [freeze(broken), alarm(broken)]
  if (broken.rabbit.nodes.length === 1) return [...alike, killOnly(broken)]
  return [...alike, killLeader(broken), rollingRestart(broken), majorityDown(broken), isolate(broken)]
}

const killOnly = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F4',
  title: 'kill -9 of the only node, and its restart',
  expectedMs: 12_000,
  weight: 7,
  async run(scene) {
    scene.facts.loses(null)
    await rabbit.node.kill()
    await rabbit.node.start()
    return `${rabbit.node.name} killed and started again`
  },
})

const freeze = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F8',
  title: 'SIGSTOP of a node',
  expectedMs: 33_000,
  weight: 2,
  async run(scene) {
    const ms = 30_000
    const node = oneOf(scene, rabbit.nodes)
    scene.facts.loses(null)
    node.pause()
    await delay(ms)
    node.resume()
    return `${node.name} stopped for ${ms} ms`
  },
})

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
  async run(scene) {
    const leader = (await rabbit.leader(`${orders.name}.${orderedGroup}:0`)) ?? rabbit.node
    scene.facts.loses(null)
    await leader.kill()
    const gapMs = await gap(scene)
    await leader.start()
    return `${leader.name} killed, through again without it after ${gapMs} ms, started again`
  },
})

const rollingRestart = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F6',
  title: 'rolling restart',
  expectedMs: 36_000,
  weight: 2,
  async run(scene) {
    for (const node of rabbit.nodes) {
      scene.facts.loses(null)
      await node.stop()
      await node.start()
      await gap(scene)
    }
    return `${rabbit.nodes.length} nodes stopped and started again, one after the other`
  },
})

const majorityDown = ({ rabbit }: BrokenRabbit): FaultKind => ({
  id: 'F7',
  title: 'majority down',
  expectedMs: 36_000,
  weight: 2,
  async run(scene) {
    const ms = 20_000
    const survivor = oneOf(scene, rabbit.nodes)
    const others = rabbit.nodes.filter((node) => node !== survivor)
    scene.facts.loses(null)
    await Promise.all(others.map((node) => node.kill()))
    await delay(ms)
    await Promise.all(others.map((node) => node.start()))
    return `all but ${survivor.name} killed, started again after ${ms} ms`
  },
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

/** How long nothing gets through, in ms. */
async function gap({ crew, problem }: Scene): Promise<number> {
  const since = machineTime()
  if (!(await crew.until(() => crew.hasRecovered(since), recoveryLimitMs)))
    problem(`nothing has got through for ${recoveryLimitMs} ms while a minority was away`)
  return Math.round(machineTime() - since)
}
