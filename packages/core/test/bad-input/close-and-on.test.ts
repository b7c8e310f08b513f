import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBench, items, type Bench } from './bench.js'
import { describeRows, expectRejected, expectThrown, strangeKeys } from './refusal.js'
import * as bad from './values.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench.messaging.close())

describe('close refuses', () => {
  const rows = [...strangeKeys('close', 'deadlineMs')]
  describeRows(rows, async (options, refusal) => {
    const refused = await expectRejected(() => bench.messaging.close(options), refusal)
    bench.expectNothingLeft()
    return refused
  })
  it.each(bad.noDurations.map((deadlineMs) => [bad.shown(deadlineMs), deadlineMs]))(
    'the deadline %s',
    async (_, deadlineMs) => {
      const refusal = { code: 'INVALID_OPTION', field: 'close.deadlineMs', says: /at least 0 / } as const
      await expectRejected(() => bench.messaging.close({ deadlineMs } as never), refusal)
      bench.expectNothingLeft()
    },
  )
})

describe('on refuses', () => {
  it.each([undefined, null, 5, '', 'Connection', 'constructor', '__proto__'].map((name) => [bad.shown(name), name]))(
    'the event %s',
    (_, name) => {
      const refusal = { code: 'INVALID_OPTION', field: 'name', says: /must be one of connection, / } as const
      expectThrown(() => bench.messaging.on(name as never, () => undefined), refusal)
    },
  )
  it.each([undefined, ...bad.noFunctions].map((listener) => [bad.shown(listener), listener]))(
    'the listener %s',
    (_, listener) => {
      const refusal = { code: 'INVALID_OPTION', field: 'listener', says: /must be a function, got/ } as const
      expectThrown(() => bench.messaging.on('retry', listener as never), refusal)
    },
  )
})

it('accepts what fits, on the same messaging object', async () => {
  const remove = bench.messaging.on('retry', () => undefined)
  remove()
  await bench.messaging.subscribe(items, { group: 'g' }, () => undefined)
  expect(bench.messaging.health().subscriptions).toHaveLength(1)
  const closing = bench.messaging.close({ deadlineMs: 0 })
  await bench.clock.advance(2_000)
  expect((await closing).clean).toBe(true)
})
