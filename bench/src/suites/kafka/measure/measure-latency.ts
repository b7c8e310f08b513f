import { documentsOf } from '../../../broker/document.js'
import { steadyLatency } from '../../../broker/steady-latency.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { kafkaOf } from '../node/asked-kafka.js'
import { untilLeft } from './until-left.js'

const bytes = 256
const partitions = 8

/** Of a topic without anybody else. */
export async function measureLatency(client: Client, task: MeasureTask): Promise<Sample> {
  const node = kafkaOf(task)
  const documentOf = documentsOf(bytes)
  const topic = 'bench-latency'
  await node.makeTopic(topic, partitions)
  const { url, bootstrap } = node
  const target = { url, bootstrap, topic, group: `${topic}.bench`, documentOf }
  return steadyLatency(
    {
      ...{ node, documentOf, publisher: await client.openPublisher(target) },
      openConsumer: (handle) => client.openConsumer(target, handle),
      drained: () => untilLeft(node, topic, target.group, 0),
    },
    task.messages,
  )
}
