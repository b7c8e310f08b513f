import { measurePasses, type Running } from '../../measure/passes.js'
import { workOf } from '../../measure/working-times.js'
import type { Sample } from '../../sample.js'
import type { Case, MeasureTask, Subject } from '../../suite.js'
import { onBoth } from './on-both.js'
import { openPipeline, type Like } from './pipeline.js'
import { headline } from './pipeline-cases.js'
import { openPromiseChains } from './promise-chains.js'

const messages = 10_000
const concurrency = 100

/** Handlers that wait, in parallel over the keys of a single partition. */
export const keyedWorkCases: readonly Case[] = [keyedWorkCase(100, 0.6), keyedWorkCase(20, 1.7)]

function keyedWorkCase(keys: number, atMost: number): Case {
  const chains: Subject = {
    name: 'promise-chains',
    work: { kind: 'module', measure: (task) => measureSeconds(async () => openPromiseChains(keys), task) },
  }
  const onMemory = onBoth((like, task) => measureSeconds(() => openWorking(like, keys), task))
  const name = `keyed-work-${keys}`
  return {
    name,
    title: `10,000 messages of 0 to 5 ms each, ${keys} keys, one partition, concurrency ${concurrency}`,
    messages: { full: messages, quick: messages },
    subjects: [chains, ...onMemory],
    baseline: { case: name, subject: chains.name },
    bounds: [{ figure: 'seconds', atMost }],
  }
}

/** From the first publish to the last settlement. All are published at once: the window of the subscription is the only limit. */
async function measureSeconds(open: () => Promise<Running>, task: MeasureTask): Promise<Sample> {
  const sample = await measurePasses(open, task)
  return { ...sample, figures: { seconds: task.messages / sample.messagesPerSecond } }
}

function openWorking(like: Like, keys: number): Promise<Running> {
  const work = workOf(messages)
  return openPipeline(like, {
    ...headline,
    topic: { keyed: true, partitions: 1 },
    customers: keys,
    distance: messages,
    work: ({ id }) => work(id),
    subscribe: () => ({ concurrency }),
  })
}
