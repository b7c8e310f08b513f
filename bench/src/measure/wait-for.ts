import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 5
const limitMs = 60_000

/** Looks every few ms whether it holds, and leaves the processor to others meanwhile. @throws Error with the title when it does not in a minute */
export async function waitFor(title: string, holds: () => boolean): Promise<void> {
  if (!(await holdsInTime(holds))) throw new Error(`not within ${limitMs / 1000} s: ${title}`)
}

/** The same, for what may never hold: says whether it did. */
export async function holdsInTime(holds: () => boolean): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!holds()) {
    if (performance.now() > deadline) return false
    await delay(everyMs)
  }
  return true
}
