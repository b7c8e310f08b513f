import { setTimeout as delay } from 'node:timers/promises'
import { holdsInTime } from '../../../measure/wait-for.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Publisher } from '../../../broker/client.js'
import type { Client } from '../clients/client.js'
import { documentsOf } from '../../../broker/document.js'
import { nodeOf, type AskedNode } from '../node/asked-node.js'
import { MemoryWatch } from './memory-watch.js'

/** What is wrong with the broker while the messages are published, and for how long. */
export interface Trouble {
  readonly begin: (node: AskedNode) => Promise<void>
  readonly end: (node: AskedNode) => Promise<void>
  readonly lastsMs: { readonly full: number; readonly quick: number }
}

const bytes = 256
const warmUp = 2_000
/** Of one go, where the publishes are spread over the time of a trouble. */
const slices = 100

/**
 * Publishes that nobody waits for, all at once or spread over the time of the trouble, and what is reachable meanwhile. What the library
 * refuses for want of room is counted, and what it has still not answered a minute after the trouble; what it has confirmed has to be in the queue.
 */
export async function measurePublishMemory(
  client: Client,
  trouble: Trouble | undefined,
  task: MeasureTask,
): Promise<Sample> {
  const node = nodeOf(task)
  const documentOf = documentsOf(bytes)
  const { messages, quick } = task
  const name = 'memory'
  await node.declareQueue(name, 'quorum')
  const publisher = await client.openPublisher({ url: node.url, name, type: 'quorum', documentOf })
  await publisher.publish(warmUp)

  const outcome = new Outcome()
  const watch = new MemoryWatch()
  watch.every(500)
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  if (trouble === undefined) publishSome(publisher, outcome, { documentOf, from: 0, to: messages })
  else {
    const lastsMs = trouble.lastsMs[quick ? 'quick' : 'full']
    await trouble.begin(node)
    for (let slice = 0; slice < slices; slice += 1) {
      const [from, to] = [slice, slice + 1].map((edge) => Math.floor((edge * messages) / slices)) as [number, number]
      publishSome(publisher, outcome, { documentOf, from, to })
      await delay(lastsMs / slices)
    }
    watch.look()
    await trouble.end(node)
  }
  watch.look()
  await holdsInTime(() => outcome.count === messages)
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const memory = watch.stop()

  const { ready } = await node.depthOf(publisher.queue)
  if (ready < outcome.confirmed + warmUp) {
    throw new Error(`${outcome.confirmed} were confirmed, ${ready - warmUp} are in the queue`)
  }
  await publisher.close()
  return {
    messagesPerSecond: messages / seconds,
    cpuMicros: (user + system) / messages,
    figures: {
      ...memory,
      confirmed: outcome.confirmed,
      refused: outcome.refused,
      unanswered: messages - outcome.count,
    },
  }
}

class Outcome {
  confirmed = 0
  refused = 0

  get count(): number {
    return this.confirmed + this.refused
  }

  readonly onConfirm = (): void => {
    this.confirmed += 1
  }

  readonly onRefuse = (): void => {
    this.refused += 1
  }
}

interface Some {
  readonly documentOf: ReturnType<typeof documentsOf>
  readonly from: number
  readonly to: number
}

function publishSome(publisher: Publisher, { onConfirm, onRefuse }: Outcome, { documentOf, from, to }: Some): void {
  for (let place = from; place < to; place += 1) publisher.send(documentOf(place)).then(onConfirm, onRefuse)
}
