import type { Conformance } from './define-conformance.js'
import type { Harness } from './harness.js'
import { hasCapability } from './refusals.js'
import type { ConformanceResult, ConformanceStatus } from './result.js'
import { createScenario, type ScenarioNumbers } from './scenario.js'
import { missingFaults } from './scenario/breaking.js'
import type { Variant } from './scenario/variant.js'

export interface RunOptions {
  /** @default 'plain' */
  readonly variant?: Variant
  /** 50 kills and the other large numbers. @default false */
  readonly long?: boolean
  /** Decides what tests leave to chance; printed with a failure. @default chosen anew for each test */
  readonly seed?: number
}

/** Runs one test of the kit. Never rejects: a failure is a result. */
export async function runOne(
  test: Conformance,
  harness: Harness,
  options: RunOptions = {},
): Promise<ConformanceResult> {
  const { id, part, line, needs } = test
  const lacking = whyNotAsked(test, harness)
  const base = { id, ...(part === undefined ? {} : { part }), title: line.title }
  if (lacking !== undefined)
    return { ...base, status: 'skipped', reason: lacking, messages: 0, keys: 0, faults: 0, ms: 0 }

  const capability = needs?.capability
  const refuses = capability !== undefined && !hasCapability(harness.capabilities, capability)
  const began = performance.now()
  const own = await harness.fork?.(needs?.holdMs === undefined ? {} : { holdMs: needs.holdMs })
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const { problems, numbers } = await attempt(test, own ?? harness, refuses, { ...options, seed })
  if (own !== undefined) problems.push(...(await closing(own)))
  const status: ConformanceStatus = problems.length > 0 ? 'failed' : refuses ? 'refused' : 'passed'
  const reason =
    status === 'failed'
      ? [...problems, `seed ${seed}`].join('\n')
      : refuses
        ? `"${capability}" is refused at start-up, as declared`
        : undefined
  return { ...base, status, ...(reason === undefined ? {} : { reason }), ...numbers, ms: performance.now() - began }
}

/** Why a harness cannot be asked for this test; undefined when it can. */
function whyNotAsked({ line, needs }: Conformance, harness: Harness): string | undefined {
  if (line.only !== undefined && !isAbout(line.only, harness)) return `not applicable: for ${line.only} only`
  const faults = missingFaults(harness, needs?.faults ?? [])
  if (faults.length > 0) return `the harness cannot do: ${faults.join(', ')}`
  const views = (needs?.inspect ?? []).filter((view) => harness.inspect[view] === undefined)
  if (views.length > 0) return `the broker cannot be asked for: ${views.join(', ')}`
  const longest = needs?.holdMs
  if (longest !== undefined && harness.timings.holdMs > longest && harness.fork === undefined) {
    return `the broker holds deliveries for ${harness.timings.holdMs} ms, longer than the ${longest} ms that the test can wait for`
  }
  return undefined
}

/** Whether the broker behind the harness is the one that an id is about, or behaves like it. */
export function isAbout(broker: string, { name, standsFor }: Harness): boolean {
  return broker === name || broker === standsFor
}

async function attempt(
  test: Conformance,
  harness: Harness,
  refuses: boolean,
  { variant = 'plain', long = false, seed = 0 }: RunOptions,
): Promise<{ problems: string[]; numbers: ScenarioNumbers }> {
  const prefix = `${test.name.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase()}-${uniquePart()}`
  const { scenario, numbers, end } = createScenario({ harness, prefix, variant, long, seed })
  const run = refuses ? test.refused : test.run
  const problems: string[] = []
  try {
    await withinTime(run?.call(test, scenario), long ? test.longTimeoutMs : test.timeoutMs)
    if (!refuses) problems.push(...belowMinimum(test, numbers()))
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  problems.push(...(await end()))
  return { problems, numbers: numbers() }
}

async function withinTime(run: Promise<void> | undefined, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the test did not end within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([run, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function belowMinimum({ minimum = {} }: Conformance, numbers: ScenarioNumbers): readonly string[] {
  const names = ['messages', 'keys', 'faults'] as const
  return names
    .filter((name) => numbers[name] < (minimum[name] ?? 0))
    .map((name) => `the run has only ${numbers[name]} ${name}; ${minimum[name]} are needed for it to show anything`)
}

async function closing(harness: Harness): Promise<readonly string[]> {
  try {
    await harness.close()
    return []
  } catch (error) {
    return [`closing the harness: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
}

let runs = 0
const started = Math.floor(Math.random() * 36 ** 5).toString(36)

/** Names of a run meet nothing that another run has left at the broker. */
function uniquePart(): string {
  return `${started}${(++runs).toString(36)}`
}
