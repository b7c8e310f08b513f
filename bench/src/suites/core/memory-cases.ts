import { measureHeapGrowth } from '../../measure/heap-growth.js'
import { measureHeapOverTime } from '../../measure/heap-over-time.js'
import type { Case } from '../../suite.js'
import { onBoth } from './on-both.js'
import { openPipeline } from './pipeline.js'
import { headline } from './pipeline-cases.js'
import { measureWaitingPublishes } from './waiting-publishes.js'

/** What stays in memory: nothing of what is done, little of what waits. */
export const memoryCases: readonly Case[] = [
  {
    name: 'heap',
    title: 'five million messages as in `keyed`: what is reachable over time',
    messages: { full: 5_000_000, quick: 100_000 },
    once: true,
    subjects: onBoth((like, task) => measureHeapOverTime(() => openPipeline(like, headline), task)),
    baseline: { case: 'floor', subject: 'floor' },
    bounds: [{ figure: 'heapSwingMB', atMost: 10 }],
  },
  {
    name: 'million-keys',
    title: 'a message each of 1,100,000 keys, of which 110,000 were seen before: what is reachable afterwards',
    messages: { full: 1_100_000, quick: 50_000 },
    once: true,
    subjects: onBoth((like, task) =>
      measureHeapGrowth(() => openPipeline(like, { ...headline, customers: Infinity }), task),
    ),
    bounds: [{ figure: 'heapGrowthMB', atMost: 10 }],
  },
  {
    name: 'waiting-publishes',
    title: '100,000 publishes wait for room behind 10,000 that the broker does not answer: what is reachable meanwhile',
    messages: { full: 110_000, quick: 110_000 },
    once: true,
    subjects: onBoth(measureWaitingPublishes),
    bounds: [{ figure: 'heapGrowthMB', atMost: 64 }],
  },
]
