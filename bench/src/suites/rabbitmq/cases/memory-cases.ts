import type { Sample } from '../../../sample.js'
import type { Bound, Case, MeasureTask, Subject } from '../../../suite.js'
import { peerEntries, rawEntry, sluiceEntry, type ClientEntry } from '../clients/index.js'
import { measurePublishMemory, type Trouble } from '../measure/measure-publish-memory.js'
import { measureStalledHandlers } from '../measure/measure-stalled-handlers.js'

const messages = { full: 100_000, quick: 20_000 }
const memoryBound: Bound = { figure: 'growthMB', atMost: 64 }

const frozen: Trouble = {
  begin: (node) => node.freeze(),
  end: (node) => node.thaw(),
  lastsMs: { full: 10_000, quick: 2_000 },
}

const alarmed: Trouble = {
  begin: (node) => node.memoryAlarm(true),
  end: (node) => node.memoryAlarm(false),
  lastsMs: { full: 60_000, quick: 10_000 },
}

const everybody = [sluiceEntry, rawEntry, ...peerEntries]

/** What is reachable beyond what is at rest, at the worst moment, with buffers as they are by default. */
export const memoryCases: readonly Case[] = [
  publishCase('memory-unawaited', '100,000 publishes in one go that nobody awaits', everybody, undefined),
  publishCase('memory-frozen', '100,000 publishes in 10 s in which the broker stands still', everybody, frozen),
  publishCase('memory-alarm', '100,000 publishes in 60 s of a memory alarm', [sluiceEntry, rawEntry], alarmed),
  {
    name: 'memory-stalled',
    title: 'handlers that do not end, and a backlog of 100,000 behind them',
    messages,
    once: true,
    subjects: [subjectOf(sluiceEntry, measureStalledHandlers)],
    bounds: [memoryBound],
  },
]

function publishCase(name: string, title: string, entries: readonly ClientEntry[], trouble: Trouble | undefined): Case {
  const subjects = entries.map((entry) =>
    subjectOf(entry, async (task) => measurePublishMemory(await entry.load(), trouble, task)),
  )
  const bounds = [memoryBound, { figure: 'unanswered', atMost: 0 }]
  return { name, title, messages, once: true, subjects, bounds }
}

function subjectOf({ name, peer, traits }: ClientEntry, measure: (task: MeasureTask) => Promise<Sample>): Subject {
  return { name, peer, traits, work: { kind: 'module', measure } }
}
