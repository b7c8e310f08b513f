import type { Sample } from '../sample.js'
import type { Consumer, Handle, Publisher } from './client.js'
import type { Document } from './document.js'
import type { ObservedNode } from './node-passes.js'
import { percentile } from './percentile.js'
import { processCpuMicros } from './process-cpu.js'
import { sendSteadily } from './send-steadily.js'

/** One application that publishes and consumes. */
export interface SteadyApplication {
  readonly node: ObservedNode
  readonly publisher: Publisher
  readonly openConsumer: (handle: Handle) => Promise<Consumer>
  /** Resolves when the broker has nothing left for the consumer. */
  readonly drained: () => Promise<void>
  readonly documentOf: (index: number) => Document
}

/** The part of the messages that goes ahead to warm up. */
const warmUpShare = 0.3

/** From `publish` to the handler in one process, at a steady pace that nobody is at his limit with. */
export async function steadyLatency(application: SteadyApplication, messages: number): Promise<Sample> {
  const { node, publisher, openConsumer, drained, documentOf } = application
  let times: number[] = []
  const consumer = await openConsumer(async ({ sentAt }) => times.push(performance.now() - sentAt))
  await sendSteadily(publisher, documentOf, Math.round(messages * warmUpShare))
  await drained()
  times = []

  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const brokerAtStart = processCpuMicros(node.pid)
  await sendSteadily(publisher, documentOf, messages)
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const brokerAtEnd = processCpuMicros(node.pid)

  await drained()
  await consumer.close()
  await publisher.close()
  if (times.length !== messages) throw new Error(`${messages} messages were sent, ${times.length} came`)
  const isKnown = brokerAtStart !== undefined && brokerAtEnd !== undefined
  return {
    messagesPerSecond: messages / seconds,
    cpuMicros: (user + system) / messages,
    figures: {
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      ...(isKnown ? { brokerCpuMicros: (brokerAtEnd - brokerAtStart) / messages } : {}),
    },
  }
}
