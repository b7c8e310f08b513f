import { machineTime } from '../clock.js'
import type { Crew } from '../crew/crew.js'
import type { FaultKind } from '../target.js'

/** F14: one consumer is left of all, then there are all again, twice. All of it in good order, so nothing excuses a second run. */
export const scale: FaultKind = {
  id: 'F14',
  title: 'scale to 1, up again, to 1, up again',
  expectedMs: 12_000,
  weight: 3,
  async run({ crew }) {
    const all = crew.consumers.length
    for (let turn = 0; turn < 2; turn++) {
      await shrink(crew)
      await grow(crew, all)
    }
    return `consumers ${all} → 1 → ${all} → 1 → ${all}`
  },
}

async function shrink(crew: Crew): Promise<void> {
  await Promise.all(crew.consumers.slice(1).map((consumer) => crew.stop(consumer)))
  await goesOn(crew)
}

async function grow(crew: Crew, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count - crew.consumers.length }, () => crew.startConsumer()))
  await goesOn(crew)
}

/** Whoever is there has begun something that was published after the change. */
async function goesOn(crew: Crew): Promise<void> {
  const changed = machineTime()
  await crew.until(() => crew.hasRecovered(changed), 30_000)
}
