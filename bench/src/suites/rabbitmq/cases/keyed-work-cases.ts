import { workOf } from '../../../measure/working-times.js'
import type { Sample } from '../../../sample.js'
import type { Case, MeasureTask } from '../../../suite.js'
import { openRawChains } from '../clients/raw-chains.js'
import { rawEntry, sluiceEntry } from '../clients/index.js'
import { documentsOf } from '../../../broker/document.js'
import { measureRabbitFlow } from '../measure/rabbit-flow.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import { nodeOf } from '../node/asked-node.js'

const messages = 10_000
const concurrency = 100
const bytes = 256

/** Handlers that wait, in parallel over the keys of a single partition: from the first publish to the last acknowledgement. */
export const keyedWorkCases: readonly Case[] = [keyedWorkCase(100, 0.8), keyedWorkCase(20, 1.7)]

function keyedWorkCase(keys: number, atMost: number): Case {
  const name = `keyed-work-${keys}`
  return {
    name,
    title: `10,000 messages of 0 to 5 ms each, ${keys} keys, one partition, concurrency ${concurrency}`,
    messages: { full: messages, quick: messages },
    subjects: [
      {
        name: 'promise-chains',
        peer: true,
        traits: { ...rawEntry.traits, 'keys in order': 'by hand, while the connection lives' },
        work: { kind: 'module', measure: async (task) => withSeconds(await measureChains(keys, task), task) },
      },
      {
        name: sluiceEntry.name,
        traits: sluiceEntry.traits,
        work: { kind: 'module', measure: async (task) => withSeconds(await measureSluice(keys, task), task) },
      },
    ],
    baseline: { case: name, subject: 'promise-chains' },
    bounds: [{ figure: 'seconds', atMost }],
  }
}

const measureSluice = (customers: number, task: MeasureTask): Promise<Sample> =>
  measureRabbitFlow(
    {
      instances: 1,
      topics: 1,
      partitions: 1,
      customers,
      concurrency,
      // The window of the subscription is the only limit.
      distance: messages,
      work: workOf(messages),
    },
    task,
  )

async function measureChains(customers: number, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const name = 'keyed-work'
  await node.declareQueue(name, 'quorum')
  const target = { url: node.url, name, type: 'quorum', documentOf: documentsOf(bytes, customers) } as const
  const client = await rawEntry.load()
  const publisher = await client.openPublisher(target)
  const chains = await openRawChains(target, workOf(messages))
  const sample = await measureNodePasses(node, task, async () => ({
    work: async (begin) => {
      const handled = chains.handled(task.messages)
      begin()
      await Promise.all([publisher.publish(task.messages), handled])
    },
    conclude: () => Promise.resolve(),
  }))
  await chains.close()
  await publisher.close()
  return sample
}

const withSeconds = (sample: Sample, task: MeasureTask): Sample => ({
  ...sample,
  figures: { ...sample.figures, seconds: task.messages / sample.messagesPerSecond },
})
