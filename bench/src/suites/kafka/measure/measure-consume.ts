import { documentsOf } from '../../../broker/document.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import { Places } from '../../../broker/places.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { batchesEntry } from '../clients/index.js'
import { kafkaOf } from '../node/asked-kafka.js'
import type { Shape } from './measure-publish.js'
import { untilLeft } from './until-left.js'

/** From the first delivery to the last one that is handled, of a topic that was filled before with what everybody gets. */
export function measureConsume(client: Client, { partitions, bytes }: Shape, task: MeasureTask): Promise<Sample> {
  const node = kafkaOf(task)
  const documentOf = documentsOf(bytes)
  const { messages } = task
  return measureNodePasses(node, task, async (pass) => {
    const topic = `bench-${pass}`
    await node.makeTopic(topic, partitions)
    const { url, bootstrap } = node
    const target = { url, bootstrap, topic, group: `${topic}.bench`, documentOf }
    const publisher = await (await batchesEntry.load()).openPublisher(target)
    await publisher.publish(messages)
    await publisher.close()
    const places = new Places(messages)
    let close = (): Promise<void> => Promise.resolve()
    return {
      work: async (begin) => {
        let resolve = (): void => {}
        const all = new Promise<void>((done) => (resolve = done))
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
        await close()
        await untilLeft(node, topic, target.group, 0)
        await node.removeTopic(topic)
        places.check()
      },
    }
  })
}
