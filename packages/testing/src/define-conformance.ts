import type { FaultName } from './faults.js'
import type { Inspect } from './harness.js'
import { conformanceId, type ConformanceId, type Id } from './ids.js'
import { refusals, type RefusableCapability } from './refusals.js'
import type { Scenario, ScenarioNumbers } from './scenario.js'

/** What a test is made of. */
export interface ConformanceDefinition {
  readonly id: Id
  /** Name of a part of the id that stands alone, so that it can be refused or skipped alone. @default the whole id */
  readonly part?: string
  /** What it cannot do without. @default nothing */
  readonly needs?: ConformanceNeeds
  /** The numbers that a run has to reach, or it fails. @default none */
  readonly minimum?: Partial<ScenarioNumbers>
  /** May run beside others: it measures neither time nor memory of the process. @default false */
  readonly parallel?: boolean
  /** Longest time in ms. @default 30000 */
  readonly timeoutMs?: number
  /** Longest time of the long run in ms. @default ten times `timeoutMs` */
  readonly longTimeoutMs?: number
  run(scenario: Scenario): Promise<void>
  /** What happens instead where `needs.capability` is missing: the refusal at start-up. */
  refused?(scenario: Scenario): Promise<void>
}

export interface ConformanceNeeds {
  readonly faults?: readonly FaultName[]
  readonly capability?: RefusableCapability
  /** Views of the broker without which the test shows nothing. */
  readonly inspect?: readonly (keyof Inspect)[]
  /** Time is simulated, also that of the broker. @default false */
  readonly simulatedTime?: boolean
  /** It is about signs of life, see `Harness.watchful`. @default when it needs `silence` or `freeze` */
  readonly signsOfLife?: boolean
  /** A broker that bears deliveries no longer than this, in ms: `scenario.harness.timings.holdMs` is at most that. */
  readonly holdMs?: number
}

/** One test of the kit. */
export interface Conformance extends ConformanceDefinition {
  readonly line: ConformanceId
  /** `S9` or `S9 kill`. */
  readonly name: string
  readonly timeoutMs: number
  readonly longTimeoutMs: number
}

/** @throws TypeError when the definition contradicts the list of what may be refused */
export function defineConformance(definition: ConformanceDefinition): Conformance {
  const { id, part, needs, timeoutMs = 30_000 } = definition
  const name = part === undefined ? id : `${id} ${part}`
  const capability = needs?.capability
  if (capability !== undefined) {
    const listed = refusals.some((entry) => entry.capability === capability && entry.id === id && entry.part === part)
    if (!listed) throw new TypeError(`${name}: nothing in the list of refusals lets it need "${capability}"`)
    if (definition.refused === undefined) throw new TypeError(`${name}: give \`refused\`, the test of the refusal`)
  } else if (definition.refused !== undefined) {
    throw new TypeError(`${name}: \`refused\` without \`needs.capability\` would never run`)
  }
  const longTimeoutMs = definition.longTimeoutMs ?? timeoutMs * 10
  return { ...definition, timeoutMs, longTimeoutMs, name, line: conformanceId(id) }
}
