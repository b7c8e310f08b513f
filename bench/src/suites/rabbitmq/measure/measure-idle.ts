import { setTimeout as delay } from 'node:timers/promises'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { nodeOf } from '../node/asked-node.js'
import { processCpuMicros } from '../../../broker/process-cpu.js'
import { openSluiceFlow } from '../../../broker/sluice-flow.js'
import { rabbitAdapter } from './rabbit-flow.js'

export interface IdleOptions {
  readonly topics: number
  readonly instances: number
}

const durationMs = { full: 20_000, quick: 3_000 }

/** What subscriptions with keys cost while nothing is published. A message is one that a member of a group sends to the others. */
export async function measureIdle(options: IdleOptions, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const flow = await openSluiceFlow({ ...options, adapter: rabbitAdapter(node.url), partitions: 8, customers: 1_000 })
  // What was said while everybody came is over.
  await delay(2_000)
  const before = await node.traffic()
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const brokerAtStart = processCpuMicros(node.pid)
  await delay(durationMs[task.quick ? 'quick' : 'full'])
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const brokerAtEnd = processCpuMicros(node.pid)
  const after = await node.traffic()
  await flow.close()

  const published = after.published - before.published
  if (published === 0) throw new Error('nobody has said that it is there')
  const isKnown = brokerAtStart !== undefined && brokerAtEnd !== undefined
  return {
    messagesPerSecond: published / seconds,
    cpuMicros: (user + system) / published,
    figures: {
      deliveredPerSecond: (after.delivered - before.delivered) / seconds,
      cpuPercent: percentOf(user + system, seconds),
      ...(isKnown ? { brokerCpuPercent: percentOf(brokerAtEnd - brokerAtStart, seconds) } : {}),
      balancedMs: flow.balancedMs,
    },
  }
}

/** Of one core. */
const percentOf = (micros: number, seconds: number): number => (micros / 1e6 / seconds) * 100
