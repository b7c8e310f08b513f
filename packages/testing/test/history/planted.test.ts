import { describe, expect, it } from 'vitest'
import {
  checkHistory,
  formatReport,
  PLAN_STORE_MS,
  plant,
  validHistory,
  type ViolationKind,
} from '../../src/history/index.js'

const KINDS: readonly ViolationKind[] = [
  'lost',
  'phantom',
  'duplicated',
  'out-of-order',
  'overlapping',
  'overlapping-message',
  'settled-twice',
  'after-stop',
  'confirmed-early',
  'settled-early',
]
const options = { storeMs: PLAN_STORE_MS }

describe('planted histories', () => {
  it('finds nothing in valid histories, and bounds their duplicates', () => {
    const sums = { duplicates: 0, faults: 0 }
    for (let seed = 0; seed < 60; seed++) {
      const report = checkHistory(validHistory(seed), options)
      expect(report.violations, `seed ${seed}: ${formatReport(report)}`).toEqual([])
      expect(report.counts.duplicates).toBeLessThanOrEqual(report.duplicateBound)
      sums.duplicates += report.counts.duplicates
      sums.faults += report.counts.faults
    }
    // Without these the histories would prove nothing.
    expect(sums.faults).toBe(60 * 4)
    expect(sums.duplicates).toBeGreaterThan(60)
  })

  it('gives the same history for the same seed', () => {
    expect(checkHistory(validHistory(7), options)).toEqual(checkHistory(validHistory(7), options))
    expect(checkHistory(validHistory(7), options)).not.toEqual(checkHistory(validHistory(8), options))
  })

  it('derives no bound where there is neither fault nor doubt', () => {
    const report = checkHistory(validHistory(3, { faults: 0 }), options)
    expect(report.counts.faults).toBe(0)
    expect(report.counts.duplicates).toBeLessThanOrEqual(report.duplicateBound)
    expect(report.ok).toBe(true)
  })

  it.each(KINDS)('reports a planted %s as exactly that', (kind) => {
    for (let seed = 0; seed < 25; seed++) {
      const { history, id } = plant(kind, seed)
      const report = checkHistory(history, options)
      const found = report.violations.map((violation) => [violation.kind, violation.ids[0]])
      expect(found, `seed ${seed}: ${formatReport(report)}`).toEqual([[kind, id]])
      expect(report.ok).toBe(false)
    }
  })
})
