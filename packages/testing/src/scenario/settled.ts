import type { Scenario } from '../scenario.js'
import { assert } from './assert.js'

/** Waits until the broker holds nothing unsettled of the group, where it can be asked. */
export async function untilDepth(scenario: Scenario, topic: string, group: string, depth = 0): Promise<void> {
  const { inspect } = scenario
  if (inspect.depth === undefined) return
  let seen = -1
  await scenario.until(
    async () => (seen = (await inspect.depth?.(topic, group)) ?? depth) === depth,
    `${depth} unsettled messages of ${topic} ${group} at the broker`,
    { saw: () => seen },
  )
}

/**
 * The group holds so much unsettled now, where the broker can be asked. Where it answers no settlement, what was awaited may be a moment on
 * its way: then that is waited for.
 */
export async function expectDepth(scenario: Scenario, topic: string, group: string, depth: number): Promise<void> {
  if (scenario.harness.confirmsSettlements === false) return untilDepth(scenario, topic, group, depth)
  const found = await scenario.inspect.depth?.(topic, group)
  if (found !== undefined) assert.equal(found, depth, `unsettled messages of ${topic} ${group} at the broker`)
}

/** How often each id ran. */
export function runsById(runs: readonly { readonly id: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { id } of runs) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
