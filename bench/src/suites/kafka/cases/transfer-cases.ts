import type { Sample } from '../../../sample.js'
import type { Bound, Case, MeasureTask, Subject } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import { batchesEntry, singleEntry, sluiceBatchEntry, sluiceEntry, type ClientEntry } from '../clients/index.js'
import { measureConsume } from '../measure/measure-consume.js'
import { measureLatency } from '../measure/measure-latency.js'
import { measurePublish, type Shape } from '../measure/measure-publish.js'

type Measure = (client: Client, task: MeasureTask) => Promise<Sample>

const small: Shape = { partitions: 8, bytes: 256 }
const messages = { full: 100_000, quick: 5_000 }
const fewer = { full: 20_000, quick: 2_000 }

/** What all clients can do, side by side; the first of each case is what the others are compared with. */
export const transferCases: readonly Case[] = [
  transferCase('publish', {
    title: 'publish: acknowledged by all replicas, 8 partitions, JSON of 256 bytes; beside batches of 500 made by hand',
    messages,
    entries: [batchesEntry, sluiceEntry],
    measure: (client, task) => measurePublish(client, small, task),
    bounds: [{ figure: 'ratio', atLeast: 0.75 }],
  }),
  transferCase('publish-batch', {
    title: 'publishBatch of 500, beside batches of 500 made by hand',
    messages,
    entries: [batchesEntry, sluiceBatchEntry],
    measure: (client, task) => measurePublish(client, small, task),
    bounds: [{ figure: 'ratio', atLeast: 0.9 }],
  }),
  transferCase('publish-single', {
    title: 'publish, beside 50 single sends in parallel',
    messages: fewer,
    entries: [singleEntry, sluiceEntry],
    measure: (client, task) => measurePublish(client, small, task),
    bounds: [{ figure: 'ratio', atLeast: 8 }],
  }),
  transferCase('consume', {
    title: 'consume: the handler awaited, its position stored; beside eachBatch',
    messages,
    entries: [batchesEntry, sluiceEntry],
    measure: (client, task) => measureConsume(client, small, task),
    bounds: [{ figure: 'ratio', atLeast: 0.6 }],
  }),
  transferCase('consume-each', {
    title: 'the same beside eachMessage',
    messages,
    entries: [singleEntry, sluiceEntry],
    measure: (client, task) => measureConsume(client, small, task),
    bounds: [{ figure: 'ratio', atLeast: 1 }],
  }),
  transferCase('latency', {
    title: 'from publish to the handler at 1,000 a second, 8 partitions, JSON of 256 bytes',
    messages: { full: 10_000, quick: 1_000 },
    entries: [singleEntry, sluiceEntry],
    measure: measureLatency,
    bounds: [],
  }),
]

interface TransferCase extends Pick<Case, 'title'> {
  readonly messages: Case['messages'] & {}
  readonly entries: readonly [ClientEntry, ...ClientEntry[]]
  readonly measure: Measure
  readonly bounds: readonly Bound[]
}

function transferCase(name: string, { title, messages: count, entries, measure, bounds }: TransferCase): Case {
  const subjects = entries.map(({ name: own, peer, traits, load }): Subject => ({
    ...{ name: own, peer, traits },
    work: { kind: 'module', measure: async (task) => measure(await load(), task) },
  }))
  return { ...{ name, title, subjects, bounds, messages: count }, baseline: { case: name, subject: entries[0].name } }
}
