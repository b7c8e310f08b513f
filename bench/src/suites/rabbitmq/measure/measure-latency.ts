import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client, Publisher } from '../clients/client.js'
import { documentsOf } from '../document.js'
import { nodeOf } from '../node/asked-node.js'
import { processCpuMicros } from '../node/process-cpu.js'
import { percentile } from './percentile.js'
import { untilDepth } from './until-depth.js'

const bytes = 256
const perSecond = 1_000
/** The part of the messages that goes ahead to warm up. */
const warmUpShare = 0.3

/** From `publish` to the handler in one process, at a steady pace that nobody is at his limit with. */
export async function measureLatency(client: Client, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const documentOf = documentsOf(bytes)
  const name = 'bench-latency'
  await node.declareQueue(name, 'quorum')
  const target = { url: node.url, name, type: 'quorum', documentOf } as const
  const publisher = await client.openPublisher(target)
  let times: number[] = []
  const consumer = await client.openConsumer(target, async ({ sentAt }) => times.push(performance.now() - sentAt))
  const warmUp = Math.round(task.messages * warmUpShare)
  await sendSteadily(publisher, documentOf, warmUp)
  await untilDepth(node, publisher.queue, { ready: 0, unacked: 0 })
  times = []

  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const brokerAtStart = processCpuMicros(node.pid)
  await sendSteadily(publisher, documentOf, task.messages)
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const brokerAtEnd = processCpuMicros(node.pid)

  await untilDepth(node, publisher.queue, { ready: 0, unacked: 0 })
  await consumer.close()
  await publisher.close()
  if (times.length !== task.messages) throw new Error(`${task.messages} messages were sent, ${times.length} came`)
  const isKnown = brokerAtStart !== undefined && brokerAtEnd !== undefined
  return {
    messagesPerSecond: task.messages / seconds,
    cpuMicros: (user + system) / task.messages,
    figures: {
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      ...(isKnown ? { brokerCpuMicros: (brokerAtEnd - brokerAtStart) / task.messages } : {}),
    },
  }
}

/** Timers come late and never early, so each looks how many are due by now. Resolves when all are confirmed. */
function sendSteadily(
  publisher: Publisher,
  documentOf: ReturnType<typeof documentsOf>,
  messages: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent: Promise<unknown>[] = []
    const startedAt = performance.now()
    const timer = setInterval(() => {
      const due = Math.min(messages, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000))
      while (sent.length < due) sent.push(publisher.send({ ...documentOf(sent.length), sentAt: performance.now() }))
      if (sent.length < messages) return
      clearInterval(timer)
      Promise.all(sent).then(() => resolve(), reject)
    }, 1)
  })
}
