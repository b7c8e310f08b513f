import type { Sample } from '../../../sample.js'
import type { Bound, Case, MeasureTask } from '../../../suite.js'
import { sluiceEntry } from '../clients/index.js'
import { measureHealing, measureRestart, measureSilence } from '../measure/measure-recovery.js'

/** How long it takes until everything goes on: figures, and nothing to compare with. */
export const recoveryCases: readonly Case[] = [
  recoveryCase('recovery-link', 'link cut for 0.2 to 5 s: from its healing to the first delivery', measureHealing, {
    figure: 'healedP99Ms',
    atMost: 2_000,
  }),
  recoveryCase('recovery-restart', 'broker restarted: from its first answer to the first delivery', measureRestart, {
    figure: 'restartedMaxMs',
    atMost: 5_000,
  }),
  recoveryCase('recovery-silence', 'black hole of 15 s: until both sides notice, in heartbeats', measureSilence, {
    figure: 'noticedHeartbeats',
    atMost: 3,
  }),
]

function recoveryCase(
  name: string,
  title: string,
  measure: (task: MeasureTask) => Promise<Sample>,
  bound: Bound,
): Case {
  return {
    name,
    title: `${title}; 100 messages a second, keys, 8 partitions`,
    messages: { full: 0, quick: 0 },
    once: true,
    subjects: [{ name: sluiceEntry.name, traits: sluiceEntry.traits, work: { kind: 'module', measure } }],
    bounds: [bound],
  }
}
