import { expect, it } from 'vitest'
import { checkHistory, createRecorder } from '../../src/history/index.js'

it('judges a million events', { timeout: 60_000 }, () => {
  let now = 0
  const recorder = createRecorder({ now: () => now })
  for (let number = 0; number < 250_000; number++) {
    now += 0.02
    const lane = number % 1000
    const message = { topic: 't', id: `m${number}`, key: `k${lane}` }
    recorder.publishEnded(recorder.publishInvoked({ ...message, instance: 'p' }), 'ok')
    const place = { group: 'g', instance: `i${lane % 4}`, partition: lane % 8 }
    // One message is left out, near the end.
    if (number !== 240_000) recorder.handlerEnded(recorder.handlerStarted({ ...message, ...place }), 'ok')
    if (number % 5000 === 0) recorder.fault({ kind: 'claim-lost', instance: 'i1' })
  }
  const report = checkHistory(recorder.history())
  expect(report.violations.map(({ kind, ids }) => [kind, ...ids])).toEqual([['lost', 'm240000']])
  expect(report.counts).toMatchObject({ published: 250_000, handled: 249_999, keys: 1000, faults: 50, duplicates: 0 })
})
