import { workOf } from '../../../measure/working-times.js'
import type { Case, MeasureTask } from '../../../suite.js'
import type { Sample } from '../../../sample.js'
import { sluiceEntry } from '../clients/index.js'
import { measureKafkaFlow } from '../measure/kafka-flow.js'

const messages = 10_000
const concurrency = 100

/** Handlers that wait, in parallel over the keys of a single partition: from the first publish to the last settlement. */
export const keyedWorkCases: readonly Case[] = [keyedWorkCase(100, 0.8), keyedWorkCase(20, 1.7)]

function keyedWorkCase(keys: number, atMost: number): Case {
  return {
    name: `keyed-work-${keys}`,
    title: `10,000 messages of 0 to 5 ms each, ${keys} keys, one partition, concurrency ${concurrency}`,
    messages: { full: messages, quick: messages },
    subjects: [
      {
        name: sluiceEntry.name,
        traits: sluiceEntry.traits,
        work: { kind: 'module', measure: (task) => measureSluice(keys, task) },
      },
    ],
    bounds: [{ figure: 'seconds', atMost }],
  }
}

async function measureSluice(customers: number, task: MeasureTask): Promise<Sample> {
  const sample = await measureKafkaFlow(
    {
      ...{ instances: 1, topics: 1, partitions: 1, customers, concurrency },
      // The window of the subscription is the only limit.
      distance: messages,
      work: workOf(messages),
    },
    task,
  )
  return { ...sample, figures: { ...sample.figures, seconds: task.messages / sample.messagesPerSecond } }
}
