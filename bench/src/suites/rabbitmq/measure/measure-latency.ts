import { documentsOf } from '../../../broker/document.js'
import { steadyLatency } from '../../../broker/steady-latency.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { nodeOf } from '../node/asked-node.js'
import { untilDepth } from './until-depth.js'

const bytes = 256

/** Of a quorum queue without anybody else. */
export async function measureLatency(client: Client, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const documentOf = documentsOf(bytes)
  const name = 'bench-latency'
  await node.declareQueue(name, 'quorum')
  const target = { url: node.url, name, type: 'quorum', documentOf } as const
  const publisher = await client.openPublisher(target)
  return steadyLatency(
    {
      ...{ node, publisher, documentOf },
      openConsumer: (handle) => client.openConsumer(target, handle),
      drained: () => untilDepth(node, publisher.queue, { ready: 0, unacked: 0 }),
    },
    task.messages,
  )
}
