import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { documentsOf } from '../../../broker/document.js'
import { nodeOf } from '../node/asked-node.js'
import type { QueueType } from '../node/node-control.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import { untilDepth } from './until-depth.js'

export interface Shape {
  readonly type: QueueType
  /** Of a document. */
  readonly bytes: number
}

/** From the first publish to the last confirm. The queue holds all messages at the end. */
export function measurePublish(client: Client, { type, bytes }: Shape, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const documentOf = documentsOf(bytes)
  return measureNodePasses(node, task, async (pass) => {
    const name = `bench-${pass}`
    await node.declareQueue(name, type)
    const publisher = await client.openPublisher({ url: node.url, name, type, documentOf })
    return {
      work: async (begin) => {
        begin()
        await publisher.publish(task.messages)
      },
      conclude: async () => {
        await publisher.close()
        await untilDepth(node, publisher.queue, { ready: task.messages, unacked: 0 })
        await node.deleteQueue(publisher.queue)
      },
    }
  })
}
