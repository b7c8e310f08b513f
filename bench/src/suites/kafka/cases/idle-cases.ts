import type { Case, Subject } from '../../../suite.js'
import { singleEntry, sluiceEntry } from '../clients/index.js'
import { measureIdle } from '../measure/measure-idle.js'

/** A consumer of a topic to which nothing is published. */
export const idleCases: readonly Case[] = [
  {
    name: 'idle',
    title: 'a consumer of 8 partitions to whom nothing comes: processor time that being there costs',
    messages: { full: 0, quick: 0 },
    subjects: [singleEntry, sluiceEntry].map(({ name, peer, traits, load }): Subject => ({
      ...{ name, peer, traits },
      work: { kind: 'module', measure: async (task) => measureIdle(await load(), task) },
    })),
    baseline: { case: 'idle', subject: singleEntry.name },
    bounds: [{ figure: 'cpuPercent', atMostBaseline: { times: 0.5, plus: 0 } }],
  },
]
