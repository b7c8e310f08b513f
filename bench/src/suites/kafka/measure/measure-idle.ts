import { setTimeout as delay } from 'node:timers/promises'
import { documentsOf } from '../../../broker/document.js'
import { processCpuMicros } from '../../../broker/process-cpu.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { kafkaOf } from '../node/asked-kafka.js'

const partitions = 8
const durationMs = { full: 20_000, quick: 3_000 }

/** What a consumer costs to whom nothing comes. Its rate is in seconds, of which nobody makes more. */
export async function measureIdle(client: Client, task: MeasureTask): Promise<Sample> {
  const node = kafkaOf(task)
  const topic = 'bench-idle'
  await node.makeTopic(topic, partitions)
  const { url, bootstrap } = node
  const target = { url, bootstrap, topic, group: `${topic}.bench`, documentOf: documentsOf(256) }
  const consumer = await client.openConsumer(target, () => Promise.resolve())
  // What was said when it came is over.
  await delay(2_000)
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const brokerAtStart = processCpuMicros(node.pid)
  await delay(durationMs[task.quick ? 'quick' : 'full'])
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const brokerAtEnd = processCpuMicros(node.pid)
  await consumer.close()
  const isKnown = brokerAtStart !== undefined && brokerAtEnd !== undefined
  return {
    messagesPerSecond: 1,
    cpuMicros: (user + system) / seconds,
    figures: {
      cpuPercent: percentOf(user + system, seconds),
      ...(isKnown ? { brokerCpuPercent: percentOf(brokerAtEnd - brokerAtStart, seconds) } : {}),
    },
  }
}

/** Of one core. */
const percentOf = (micros: number, seconds: number): number => (micros / 1e6 / seconds) * 100
