import type { Sample } from '../../../sample.js'
import type { Case, MeasureTask, Subject } from '../../../suite.js'
import type { Client } from '../clients/client.js'
import {
  peerEntries,
  rawEntry,
  rawToQueueEntry,
  rawWideEntry,
  sluiceBatchEntry,
  sluiceEntry,
  type ClientEntry,
} from '../clients/index.js'
import { measureConsume } from '../measure/measure-consume.js'
import { measureLatency } from '../measure/measure-latency.js'
import { measurePublish, type Shape } from '../measure/measure-publish.js'

type Measure = (client: Client, task: MeasureTask) => Promise<Sample>

const small = { full: 40_000, quick: 4_000 }
/** Publishing is faster than consuming, and clients differ by little: a longer look. */
const smallPublished = { full: 80_000, quick: 4_000 }
const large = { full: 20_000, quick: 2_000 }

const shapes: readonly (Shape & { readonly name: string; readonly messages: Case['messages'] & {} })[] = [
  { name: 'quorum', type: 'quorum', bytes: 256, messages: small },
  { name: 'quorum-4k', type: 'quorum', bytes: 4_096, messages: large },
  { name: 'classic', type: 'classic', bytes: 256, messages: small },
  { name: 'classic-4k', type: 'classic', bytes: 4_096, messages: large },
]

/** What all clients can do, side by side. */
export const transferCases: readonly Case[] = [
  ...shapes.map((shape) =>
    transferCase(`publish-${shape.name}`, {
      title: `publish: confirmed, persistent, 256 in flight where that can be chosen; ${shape.type} queue, JSON of ${shape.bytes} bytes`,
      messages: shape.messages === small ? smallPublished : shape.messages,
      subjects: subjectsOf([sluiceEntry, sluiceBatchEntry, rawWideEntry, rawToQueueEntry], (client, task) =>
        measurePublish(client, shape, task),
      ),
      bounds: [{ figure: 'ratio', atLeast: 0.95 }],
    }),
  ),
  ...shapes.map((shape) =>
    transferCase(`consume-${shape.name}`, {
      title: `consume: acknowledged after the handler, prefetch 256; ${shape.type} queue, JSON of ${shape.bytes} bytes`,
      messages: shape.messages,
      subjects: subjectsOf([sluiceEntry], (client, task) => measureConsume(client, shape, task)),
      bounds: [{ figure: 'ratio', atLeast: 1 }],
    }),
  ),
  transferCase('latency', {
    title: 'from publish to the handler at 1,000 a second, quorum queue, JSON of 256 bytes',
    messages: { full: 10_000, quick: 1_000 },
    subjects: subjectsOf([sluiceEntry], measureLatency),
    bounds: [
      { figure: 'p50Ms', atMostBaseline: { times: 1.1, plus: 0.5 } },
      { figure: 'p99Ms', atMostBaseline: { times: 1.1, plus: 0.5 } },
    ],
  }),
]

function transferCase(name: string, rest: Omit<Case, 'name' | 'baseline'>): Case {
  return { name, ...rest, baseline: { case: name, subject: rawEntry.name } }
}

function subjectsOf(own: readonly ClientEntry[], measure: Measure): readonly Subject[] {
  return [rawEntry, ...own, ...peerEntries].map((entry) => subjectOf(entry, measure))
}

function subjectOf({ name, peer, traits, load }: ClientEntry, measure: Measure): Subject {
  return { name, peer, traits, work: { kind: 'module', measure: async (task) => measure(await load(), task) } }
}
