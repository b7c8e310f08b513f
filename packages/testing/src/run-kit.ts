import { conformance } from './conformance/index.js'
import type { Conformance } from './define-conformance.js'
import type { Harness } from './harness.js'
import { conformanceId, conformanceIds, type ConformanceId, type Id } from './ids.js'
import type { ConformanceResult, KitReport } from './result.js'
import { isAbout, runOne, type RunOptions } from './run-one.js'

export interface KitOptions extends RunOptions {
  /** Ids to run. @default all */
  readonly only?: readonly Id[]
  /** Most tests beside each other, of those that are marked for it. @default 4 where the harness can `fork`, else 1 */
  readonly parallel?: number
  /** Called with each result as it comes; those that run beside each other come in any order. */
  readonly onResult?: (result: ConformanceResult) => void
  /** The tests to choose from. @default the whole kit */
  readonly tests?: readonly Conformance[]
}

/**
 * Runs the kit against a harness, which stays open. Never rejects for a test that fails. Results are in the order of the ids; an id
 * without a test in this package is listed as skipped.
 */
export async function runKit(harness: Harness, options: KitOptions = {}): Promise<KitReport> {
  const { only, onResult, tests = conformance, variant = 'plain' } = options
  const { parallel = harness.fork === undefined ? 1 : 4 } = options
  const wanted = (id: Id): boolean => only === undefined || only.includes(id)
  const results = new Map<string, ConformanceResult>()
  const run = async (test: Conformance): Promise<void> => {
    const result = await runOne(test, harness, options)
    results.set(test.name, result)
    onResult?.(result)
  }

  const chosen = tests.filter(({ id }) => wanted(id))
  const beside = chosen.filter((test) => test.parallel === true)
  const queue = beside.values()
  const worker = async (): Promise<void> => {
    for (const test of queue) await run(test)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  for (const test of chosen) if (test.parallel !== true) await run(test)

  const listed = conformanceIds.filter(({ id }) => wanted(id))
  return {
    adapter: harness.name,
    ...(harness.behaviour === undefined ? {} : { behaviour: harness.behaviour }),
    broker: harness.broker,
    variant,
    results: listed.flatMap((line) => {
      const own = chosen.filter(({ id }) => id === line.id)
      if (own.length > 0) return own.flatMap(({ name }) => results.get(name) ?? [])
      const missing = notInThisKit(line.id, harness)
      onResult?.(missing)
      return [missing]
    }),
  }
}

function notInThisKit(id: Id, harness: Harness): ConformanceResult {
  const line = conformanceId(id)
  const reason = whyMissing(line, harness)
  return { id, title: line.title, status: 'skipped', reason, messages: 0, keys: 0, faults: 0, ms: 0 }
}

function whyMissing({ only, notInMemory, plugin }: ConformanceId, harness: Harness): string {
  if (only !== undefined && !isAbout(only, harness)) return `not applicable: for ${only} only`
  if (notInMemory !== undefined && harness.name === 'memory') return `not applicable: ${notInMemory}`
  return plugin === undefined ? 'this kit has no test of it' : `comes with the plugin "${plugin}"`
}
