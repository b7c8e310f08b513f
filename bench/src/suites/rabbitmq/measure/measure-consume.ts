import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { documentsOf } from '../../../broker/document.js'
import { nodeOf } from '../node/asked-node.js'
import type { Shape } from './measure-publish.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import { Places } from '../../../broker/places.js'
import { untilDepth } from './until-depth.js'

/** From the first delivery to the last acknowledgement, of a queue that was filled before with what the same library publishes. */
export function measureConsume(client: Client, { type, bytes }: Shape, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const documentOf = documentsOf(bytes)
  const { messages } = task
  return measureNodePasses(node, task, async (pass) => {
    const name = `bench-${pass}`
    await node.declareQueue(name, type)
    const target = { url: node.url, name, type, documentOf }
    const publisher = await client.openPublisher(target)
    await publisher.publish(messages)
    await publisher.close()
    await untilDepth(node, publisher.queue, { ready: messages, unacked: 0 })
    const places = new Places(messages)
    let close = (): Promise<void> => Promise.resolve()
    return {
      work: async (begin) => {
        const { promise: all, resolve } = withResolvers()
        const consumer = await client.openConsumer(target, async (document) => {
          if (places.count === 0) begin()
          // What follows upon the handler of the last one belongs to it.
          if (places.add(document)) setImmediate(resolve)
        })
        close = () => consumer.close()
        await all
        await consumer.settled()
      },
      conclude: async () => {
        // Acknowledgements are on their way; a channel that is closed meanwhile may lose them.
        await untilDepth(node, publisher.queue, { ready: 0, unacked: 0 })
        await close()
        await node.deleteQueue(publisher.queue)
        places.check()
      },
    }
  })
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}
