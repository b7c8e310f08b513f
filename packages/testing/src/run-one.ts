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
export async function runOne(test: Conformance, given: Harness, options: RunOptions = {}): Promise<ConformanceResult> {
  const { id, part, line, needs } = test
  const harness = suited(test, given)
  const lacking = whyNotAsked(test, harness)
  const base = { id, ...(part === undefined ? {} : { part }), title: line.title }
  if (lacking !== undefined)
    return { ...base, status: 'skipped', reason: lacking, messages: 0, keys: 0, faults: 0, ms: 0 }

  const capability = needs?.capability
  const refuses = capability !== undefined && !hasCapability(harness.capabilities, capability)
  const began = performance.now()
  const own = await ownHarness(harness, needs?.holdMs)
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const { problems, numbers, disturbances } = await attempt(test, own ?? harness, refuses, { ...options, seed })
  if (own !== undefined) problems.push(...(await closing(own)))
  const status: ConformanceStatus = problems.length > 0 ? 'failed' : refuses ? 'refused' : 'passed'
  const reason =
    status === 'failed'
      ? [...problems, ...disturbances, `seed ${seed}`].join('\n')
      : refuses
        ? `"${capability}" is refused at start-up, as declared`
        : undefined
  return { ...base, status, ...(reason === undefined ? {} : { reason }), ...numbers, ms: performance.now() - began }
}

/** How often clients look for signs of life matters to some tests, and must not matter to the others. */
function suited({ needs }: Conformance, harness: Harness): Harness {
  const { faults = [], signsOfLife = faults.includes('silence') || faults.includes('freeze') } = needs ?? {}
  return signsOfLife ? (harness.watchful ?? harness) : harness
}

/** For one test, where it is cheap or the test cannot do without. */
async function ownHarness(harness: Harness, holdMs: number | undefined): Promise<Harness | undefined> {
  if (harness.fork !== undefined) return harness.fork(holdMs === undefined ? {} : { holdMs })
  if (holdMs === undefined || harness.timings.holdMs <= holdMs) return undefined
  return harness.withHoldLimit?.(holdMs)
}

/** Why a harness cannot be asked for this test; undefined when it can. */
function whyNotAsked({ line, needs }: Conformance, harness: Harness): string | undefined {
  if (line.only !== undefined && !isAbout(line.only, harness)) return `not applicable: for ${line.only} only`
  if (line.notInMemory !== undefined && harness.name === 'memory') return `not applicable: ${line.notInMemory}`
  const faults = missingFaults(harness, needs?.faults ?? [])
  const impossible = faults.flatMap((name) => harness.cannotHappen?.[name] ?? [])
  if (impossible.length > 0) return `not applicable: ${impossible.join('; ')}`
  if (faults.length > 0) return `the harness cannot do: ${faults.join(', ')}`
  const views = (needs?.inspect ?? []).filter((view) => harness.inspect[view] === undefined)
  if (views.length > 0) return `the broker cannot be asked for: ${views.join(', ')}`
  if (needs?.simulatedTime === true && harness.followsClock !== true)
    return 'not applicable: asks for simulated time, and the broker lives in real time'
  const longest = needs?.holdMs
  const cannotShorten = harness.fork === undefined && harness.withHoldLimit === undefined
  if (longest !== undefined && harness.timings.holdMs > longest && cannotShorten) {
    return `the broker holds deliveries for ${harness.timings.holdMs} ms, longer than the ${longest} ms that the test can wait for`
  }
  return undefined
}

/** Whether the broker behind the harness is the one that an id is about, or behaves like it. */
export function isAbout(broker: string, { name, standsFor }: Harness): boolean {
  return broker === name || broker === standsFor
}

interface Attempt {
  readonly problems: string[]
  readonly numbers: ScenarioNumbers
  readonly disturbances: readonly string[]
}

async function attempt(
  test: Conformance,
  harness: Harness,
  refuses: boolean,
  { variant = 'plain', long = false, seed = 0 }: RunOptions,
): Promise<Attempt> {
  const prefix = `${test.name.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase()}-${uniquePart()}`
  const { scenario, numbers, end, disturbances } = createScenario({ harness, prefix, variant, long, seed })
  const run = refuses ? test.refused : test.run
  const problems: string[] = []
  try {
    await withinTime(run?.call(test, scenario), timeLimitOf(test, harness, long))
    if (!refuses) problems.push(...belowMinimum(test, numbers()))
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  // Before everything is closed.
  const seen = disturbances()
  problems.push(...(await end()))
  problems.push(...(await tidying(harness, prefix)))
  return { problems, numbers: numbers(), disturbances: seen }
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

/** Longest time that a test may take with a harness, in ms. */
function timeLimitOf({ timeoutMs, longTimeoutMs }: Conformance, { timeFactor = 1 }: Harness, long: boolean): number {
  return (long ? longTimeoutMs : timeoutMs) * timeFactor
}

async function tidying(harness: Harness, prefix: string): Promise<readonly string[]> {
  try {
    await harness.tidy?.(prefix)
    return []
  } catch (error) {
    return [`tidying up: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
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
