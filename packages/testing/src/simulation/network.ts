import type { Latency } from '@sluice/core/memory'
import type { Plan } from './plan.js'
import { createSeeded, type Seeded } from './seeded.js'

/** Mostly short ways, with some that take long, drawn for each client and kind of trip by itself. */
export function createLatency(seed: number, { latency }: Plan): Latency {
  const ways = new Map<string, Seeded>()
  return ({ clientName, what }) => {
    const name = `${clientName} ${what}`
    let random = ways.get(name)
    if (random === undefined) ways.set(name, (random = createSeeded('way', seed, name)))
    return random.chance(latency.spikes) ? random.int(0, latency.spikeMs) : random.int(0, latency.usualMs)
  }
}
