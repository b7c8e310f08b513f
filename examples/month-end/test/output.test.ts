import { describe, expect, it } from 'vitest'
import { createChecks } from '../src/checks.js'
import { createFlow } from '../src/flow.js'
import { showProgress } from '../src/progress.js'
import { sparkline } from '../src/text.js'

describe('createChecks', () => {
  it('shows what failed and counts it', () => {
    const checks = createChecks()
    checks.equal('rows', 20_000, 20_000)
    expect(checks.failed).toBe(0)
    checks.equal('sum', 1_000, 999)
    checks.add('rate', 'at most 2', '3', false)
    expect(checks.failed).toBe(2)
    expect(checks.table().split('\n').slice(2)).toEqual([
      '  rows   20,000     20,000  ok',
      '  sum    1,000      999     FAIL',
      '  rate   at most 2  3       FAIL',
    ])
  })
})

describe('showProgress', () => {
  const run = (screen: { isTTY?: boolean; columns?: number }): string[] => {
    const written: string[] = []
    const flow = createFlow('coupons', 3_000)
    const progress = showProgress([flow], { ...screen, write: (text: string) => written.push(text) })
    flow.addPublished(3_000)
    flow.addDone(1_200)
    progress.note('half way')
    progress.stop()
    return written
  }

  it('writes plain lines where there is no terminal', () => {
    const text = run({}).join('')
    expect(text).not.toContain('\u001B')
    expect(text).toMatch(/^ {2}half way\n +0\.0 s {2}coupons +1,200 of 3,000 {2}backlog +1,800 .*\/s\n$/)
  })

  it('writes over its block on a terminal, and never wider than that', () => {
    const [first, ...later] = run({ isTTY: true, columns: 60 })
    expect(first).not.toContain('\u001B')
    expect(later).toHaveLength(2)
    for (const text of later) expect(text.startsWith('\u001B[1A\u001B[J')).toBe(true)
    expect(later[0]).toContain('half way\n')
    const lines = later.join('').replaceAll('\u001B[1A\u001B[J', '').split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60)
  })
})

describe('sparkline', () => {
  it('gives the highest value the highest bar', () => {
    expect(sparkline([0, 50, 100])).toBe('▁▅█')
    expect(sparkline([0, 0])).toBe('▁▁')
    expect(sparkline([])).toBe('')
  })
})
