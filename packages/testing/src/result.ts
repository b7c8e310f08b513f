import type { Id } from './ids.js'

/**
 * `refused`: the adapter declares that it cannot, may do so, and its refusal at start-up was shown. `skipped`: it could not be asked, the
 * reason says why.
 */
export type ConformanceStatus = 'passed' | 'failed' | 'refused' | 'skipped'

/** What one test of the kit has shown. */
export interface ConformanceResult {
  readonly id: Id
  /** Part of an id that stands alone. */
  readonly part?: string
  readonly title: string
  readonly status: ConformanceStatus
  /** Of everything but a pass. */
  readonly reason?: string
  readonly messages: number
  readonly keys: number
  readonly faults: number
  readonly ms: number
}

/** What one run of the kit against one harness has shown. */
export interface KitReport {
  readonly adapter: string
  readonly behaviour?: string
  readonly broker: string
  readonly variant: 'plain' | 'middleware'
  readonly results: readonly ConformanceResult[]
}

/** One line for a person: status, id, numbers, title, reason. */
export function formatResult(result: ConformanceResult): string {
  const { id, part, title, status, reason, messages, keys, faults, ms } = result
  const name = part === undefined ? id : `${id} ${part}`
  const numbers = `${messages} messages, ${keys} keys, ${faults} faults, ${Math.round(ms)} ms`
  const line = `${status.padEnd(7)} ${name.padEnd(12)} ${title} (${status === 'skipped' ? 'not run' : numbers})`
  return reason === undefined ? line : `${line}\n        ${reason.replaceAll('\n', '\n        ')}`
}
