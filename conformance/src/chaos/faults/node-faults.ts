import { setTimeout as delay } from 'node:timers/promises'
import { machineTime } from '../clock.js'
import { oneOf, type FaultKind, type Scene } from '../target.js'

const recoveryLimitMs = 60_000

/** A node of a broker, as far as it takes to break it. */
export interface BreakableNode {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
}

export const killOnly = (node: BreakableNode, expectedMs: number): FaultKind => ({
  id: 'F4',
  title: 'kill -9 of the only node, and its restart',
  expectedMs,
  weight: 7,
  async run(scene) {
    scene.facts.loses(null)
    await node.kill()
    await node.start()
    return `${node.name} killed and started again`
  },
})

export const freeze = (nodes: readonly BreakableNode[], ms: number): FaultKind => ({
  id: 'F8',
  title: 'SIGSTOP of a node',
  expectedMs: ms + 3_000,
  weight: 2,
  async run(scene) {
    const node = oneOf(scene, nodes)
    scene.facts.loses(null)
    node.pause()
    await delay(ms)
    node.resume()
    return `${node.name} stopped for ${ms} ms`
  },
})

export const rollingRestart = (nodes: readonly BreakableNode[], expectedMs: number): FaultKind => ({
  id: 'F6',
  title: 'rolling restart',
  expectedMs,
  weight: 2,
  async run(scene) {
    for (const node of nodes) {
      scene.facts.loses(null)
      await node.stop()
      await node.start()
      await gap(scene)
    }
    return `${nodes.length} nodes stopped and started again, one after the other`
  },
})

export interface Outage {
  readonly ms: number
  readonly expectedMs: number
}

export const majorityDown = (nodes: readonly BreakableNode[], { ms, expectedMs }: Outage): FaultKind => ({
  id: 'F7',
  title: 'majority down',
  expectedMs,
  weight: 2,
  async run(scene) {
    const survivor = oneOf(scene, nodes)
    const others = nodes.filter((node) => node !== survivor)
    scene.facts.loses(null)
    await Promise.all(others.map((node) => node.kill()))
    await delay(ms)
    await Promise.all(others.map((node) => node.start()))
    return `all but ${survivor.name} killed, started again after ${ms} ms`
  },
})

/** The others go on without it; it comes back when messages get through again. */
export async function killOne(scene: Scene, node: BreakableNode): Promise<string> {
  scene.facts.loses(null)
  await node.kill()
  const gapMs = await gap(scene)
  await node.start()
  return `${node.name} killed, through again without it after ${gapMs} ms, started again`
}

/** How long nothing gets through, in ms. */
export async function gap({ crew, problem }: Scene): Promise<number> {
  const since = machineTime()
  if (!(await crew.until(() => crew.hasRecovered(since), recoveryLimitMs)))
    problem(`nothing has got through for ${recoveryLimitMs} ms while a minority was away`)
  return Math.round(machineTime() - since)
}
