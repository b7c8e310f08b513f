import { defineConformance, type Conformance } from '../../define-conformance.js'
import { memoryHarness } from '../../harness/memory.js'
import { runOne } from '../../run-one.js'
import type { Variant } from '../../scenario/variant.js'
import type { Harness } from '../../harness.js'
import { assert } from '../../scenario/assert.js'
import { everyGroup } from '../consume/every-group.js'
import { failedFirst } from '../plugins/once.js'
import { exhausted, exhaustedOverKills } from '../plugins/policies.js'
import { laterChanges } from '../publish/later-changes.js'
import { roundTrip } from '../publish/round-trip.js'
import { withoutGroups } from '../publish/without-groups.js'
import { shortPause } from '../resilience/pauses.js'
import { refusedAtStart } from './refusals.js'

/** A part of the kit that looks at every side of an adapter and does not take long. */
const sample: readonly Conformance[] = [
  roundTrip,
  laterChanges,
  withoutGroups,
  everyGroup,
  shortPause,
  failedFirst,
  exhausted,
  exhaustedOverKills,
  refusedAtStart,
]

const expected = {
  rabbitmq: { routing: 'bound', replay: false, giveBack: 'single', attemptRecord: false, byteWindow: false },
  kafka: { routing: 'log', replay: true, giveBack: 'rewind', attemptRecord: true, byteWindow: true },
} as const

/** X3: memory made like each of the others declares what that one does, refuses what it refuses, and passes. */
export const likeOthers: Conformance = defineConformance({
  id: 'X3',
  timeoutMs: 120_000,
  async run(scenario) {
    for (const like of ['rabbitmq', 'kafka'] as const) {
      const harness = await memoryHarness({ like })
      scenario.after(() => harness.close())
      const { routing, replay, giveBack, attemptRecord, byteWindow, notes } = harness.capabilities
      assert.equal(
        { routing, replay, giveBack, attemptRecord, byteWindow },
        expected[like],
        `capabilities like ${like}`,
      )
      for (const [capability, { how }] of Object.entries(notes)) {
        const declared = (harness.capabilities as unknown as Readonly<Record<string, unknown>>)[capability]
        assert.equal(how === 'refused', declared === false, `the note about ${capability} says what is declared`)
      }
      const refused = await runSample(scenario, harness, 'plain')
      assert.equal(refused, like === 'rabbitmq' ? ['T3 kill'] : [], `parts that are refused like ${like}`)
    }
  },
})

/** X4: with a middleware around every publish and every handler that does nothing, nothing is different. */
export const noopMiddleware: Conformance = defineConformance({
  id: 'X4',
  timeoutMs: 240_000,
  async run(scenario) {
    const plain = await runSample(scenario, scenario.harness, 'plain')
    const surrounded = await runSample(scenario, scenario.harness, 'middleware')
    assert.equal(surrounded, plain, 'parts that are refused')
  },
})

/** Resolves with the names of what was refused, as declared. */
async function runSample(
  scenario: Parameters<Conformance['run']>[0],
  harness: Harness,
  variant: Variant,
): Promise<readonly string[]> {
  const refused: string[] = []
  for (const test of sample) {
    const seed = Math.floor(scenario.random() * 2 ** 32)
    const { status, reason, messages, keys, faults } = await runOne(test, harness, { variant, seed })
    assert.ok(
      status === 'passed' || status === 'refused',
      `${test.name} on ${harness.name} ${harness.behaviour ?? ''} (${variant}): ${status} ${reason ?? ''}`,
    )
    if (status === 'refused') refused.push(test.name)
    scenario.count({ messages, keys, faults })
  }
  return refused
}
