import { describe, expect, test } from 'vitest'
import { tableOf } from '../src/report/table.js'
import { resultOf } from '../src/result.js'
import type { Compared } from '../src/run-suite.js'
import type { Case } from '../src/suite.js'
import { caseNamed, subjectNamed } from './made-up-suite.js'

const subject = subjectNamed('queue')
const baseline = { case: 'floor', subject: 'floor' }
const context = { suite: 'core', quick: false }

const samples: readonly Compared[] = [
  { messagesPerSecond: 300, cpuMicros: 3, ratio: 0.5, bytesPerMessage: 1_000 },
  { messagesPerSecond: 100, cpuMicros: 5, ratio: 0.4 },
  { messagesPerSecond: 200, cpuMicros: 4, ratio: 0.6 },
]

const measured = (one: Case, given: readonly Compared[] = samples): Parameters<typeof resultOf>[0] => ({
  case: one,
  subject,
  samples: given,
})

describe('the result of a subject', () => {
  test('has medians, ends, and the median of the ratios of each round', () => {
    const one = caseNamed('keyed', { baseline, bounds: [{ figure: 'ratio', atLeast: 0.45 }] })
    expect(resultOf(measured(one), context)).toEqual({
      suite: 'core',
      name: 'keyed',
      subject: 'queue',
      baseline: 'floor',
      messagesPerSecond: 200,
      cpuMicros: 4,
      ratio: 0.5,
      bytesPerMessage: 1_000,
      samples: 3,
      spread: { messagesPerSecond: [100, 300], cpuMicros: [3, 5], ratio: [0.4, 0.6] },
      bounds: [{ figure: 'ratio', atLeast: 0.45, measured: 0.5, ok: true }],
      ok: true,
    })
  })

  test('has no more than the rate and the processor time where nothing is compared', () => {
    const given = [{ messagesPerSecond: 1, cpuMicros: 2 }]
    expect(resultOf(measured(caseNamed('floor'), given), context)).toEqual({
      suite: 'core',
      name: 'floor',
      subject: 'queue',
      messagesPerSecond: 1,
      cpuMicros: 2,
      samples: 1,
      spread: { messagesPerSecond: [1, 1], cpuMicros: [2, 2] },
    })
  })

  test.each([
    [{ figure: 'ratio', atLeast: 0.5 }, true],
    [{ figure: 'ratio', atLeast: 0.51 }, false],
    [{ figure: 'heapMB', atMost: 10 }, true],
    [{ figure: 'heapMB', atMost: 9.9 }, false],
  ])('judges %j', (bound, ok) => {
    const one = caseNamed('keyed', { baseline, bounds: [bound] })
    const given = samples.map((sample) => ({ ...sample, figures: { heapMB: 10 } }))
    expect(resultOf(measured(one, given), context)).toMatchObject({ bounds: [{ ok }], ok })
  })

  test('is not ok when one of several bounds does not hold', () => {
    const bounds = [
      { figure: 'ratio', atLeast: 0.1 },
      { figure: 'ratio', atLeast: 0.9 },
    ]
    expect(resultOf(measured(caseNamed('keyed', { baseline, bounds })), context).ok).toBe(false)
  })

  test('has no verdict when it is quick', () => {
    const one = caseNamed('keyed', { baseline, bounds: [{ figure: 'ratio', atLeast: 0.9 }] })
    const result = resultOf(measured(one), { suite: 'core', quick: true })
    expect(result).toMatchObject({ quick: true, bounds: [{ figure: 'ratio', atLeast: 0.9, measured: 0.5 }] })
    expect(result).not.toHaveProperty('ok')
    expect(result.bounds?.[0]).not.toHaveProperty('ok')
  })

  test('has no bounds when the subject is what its case compares with', () => {
    const one = caseNamed('keyed', {
      baseline: { case: 'keyed', subject: 'queue' },
      bounds: [{ figure: 'ratio', atLeast: 0.9 }],
    })
    expect(resultOf(measured(one), context)).not.toHaveProperty('bounds')
  })

  test('cannot be made when a bound asks for what nobody has measured', () => {
    const one = caseNamed('keyed', { bounds: [{ figure: 'seconds', atMost: 1 }] })
    expect(() => resultOf(measured(one), context)).toThrow('a bound asks for seconds')
  })
})

test('the table has a line for each subject, and one for each figure without a bound', () => {
  const one = caseNamed('heap', { bounds: [{ figure: 'swingMB', atMost: 10 }] })
  const figures = { swingMB: 12.345, medianMB: 40 }
  const given = [{ messagesPerSecond: 123_456, cpuMicros: 7.891, figures }]
  const lines = tableOf([resultOf(measured(one, given), context)]).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toMatch(/^heap +queue +123,456 +7\.89 +swingMB 12\.3 ≤ 10 +FAILED$/)
  expect(lines[2]).toMatch(/^ +medianMB 40$/)
})
