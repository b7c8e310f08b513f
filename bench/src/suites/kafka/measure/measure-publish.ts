import { documentsOf } from '../../../broker/document.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { kafkaOf } from '../node/asked-kafka.js'

export interface Shape {
  readonly partitions: number
  /** Of a document. */
  readonly bytes: number
}

/** From the first publish to the last answer. The topic has all messages at the end. */
export function measurePublish(client: Client, { partitions, bytes }: Shape, task: MeasureTask): Promise<Sample> {
  const node = kafkaOf(task)
  const documentOf = documentsOf(bytes)
  return measureNodePasses(node, task, async (pass) => {
    const topic = `bench-${pass}`
    await node.makeTopic(topic, partitions)
    const { url, bootstrap } = node
    const publisher = await client.openPublisher({ url, bootstrap, topic, group: `${topic}.bench`, documentOf })
    return {
      work: async (begin) => {
        begin()
        await publisher.publish(task.messages)
      },
      conclude: async () => {
        await publisher.close()
        const stored = await node.stored(topic)
        await node.removeTopic(topic)
        if (stored !== task.messages) throw new Error(`${task.messages} messages were published, ${stored} are stored`)
      },
    }
  })
}
