import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMessaging, RetryAfterError, type Delivery, type Messaging, type SluiceError } from '../../src/index.js'
import { createMemoryBroker, memory } from '../../src/memory/index.js'
import { items } from './bench.js'
import { describeRows, expectThrown, option, strangeKeys, type Refusal } from './refusal.js'
import * as bad from './values.js'

let messaging: Messaging
/** Of a handler that runs for as long as the tests do. */
let delivery: Delivery
let end: () => void
beforeAll(async () => {
  messaging = await createMessaging({ adapter: memory({ broker: createMemoryBroker() }) })
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  await new Promise<void>((begun, fail) => {
    const handler = (_: unknown, given: Delivery): Promise<void> => {
      delivery = given
      begun()
      return ended
    }
    messaging
      .subscribe(items, { group: 'kept' }, handler)
      .then(() => messaging.publish(items, { key: 'a' }))
      .catch(fail)
  })
})
afterAll(() => messaging.close())

/** In the call itself: a handler that does not await a settlement has to fail all the same, because one that just ends acks. */
function expectUnsettled(run: () => unknown, refusal: Refusal): SluiceError {
  const error = expectThrown(run, refusal)
  expect(delivery.settled).toBe(false)
  return error
}

const duration = /number of at least 0 and at most \d+, got/
const notAnObject = (name: 'retry' | 'giveBack'): void => {
  it.each(bad.noObjects.map((given) => [bad.shown(given), given]))('the options %s', (_, given) => {
    const refusal = { code: 'INVALID_OPTION', field: name, says: /must be an object/ } as const
    expectUnsettled(() => delivery[name](given as never), refusal)
  })
}

describe('retry refuses', () => {
  const rows = [...strangeKeys('retry', 'delayMs'), option('delayMs', bad.noDurations, duration, 'retry.delayMs')]
  describeRows(rows, (options, refusal) => expectUnsettled(() => delivery.retry(options), refusal))
  notAnObject('retry')
})

describe('giveBack refuses', () => {
  const rows = [...strangeKeys('giveBack', 'delayMs'), option('delayMs', bad.noDurations, duration, 'giveBack.delayMs')]
  describeRows(rows, (options, refusal) => expectUnsettled(() => delivery.giveBack(options), refusal))
  notAnObject('giveBack')
})

describe('deadLetter refuses', () => {
  const reasons = [undefined, ...bad.noTexts, { message: 'looks like an error' }]
  it.each(reasons.map((reason) => [bad.shown(reason), reason]))('the reason %s', (_, reason) => {
    const refusal = { code: 'INVALID_OPTION', field: 'reason', says: /takes a text or an Error as its reason/ } as const
    expectUnsettled(() => delivery.deadLetter(reason as never), refusal)
  })
})

it('settles afterwards, once', async () => {
  await delivery.ack()
  const again = { code: 'ALREADY_SETTLED', field: undefined, says: /was settled before \(ack\)/ } as const
  expectThrown(() => delivery.ack(), again)
  expectThrown(() => delivery.retry({ delayMs: 0 }), again)
  expectThrown(() => delivery.giveBack(), again)
  expectThrown(() => delivery.deadLetter('late'), again)
  end()
  const report = await messaging.close()
  expect(report).toEqual({ clean: true, leftRunning: 0, leftWaiting: 0, leftPublishes: 0 })
})

it('fails the attempt of a handler that does not await what is refused', async () => {
  const other = await createMessaging({ adapter: memory({ broker: createMemoryBroker() }) })
  const letters = new Promise<string>((resolve) => {
    other.on('deadLetter', ({ reason }) => resolve(reason))
  })
  await other.subscribe(items, { group: 'kept', retry: false }, (_, one) => {
    void one.retry({ delayMs: -1 })
  })
  await other.publish(items, { key: 'a' })
  expect(await letters).toMatch(/^INVALID_OPTION: retry\.delayMs /)
  await other.close()
})

it('fails the attempt of a handler whose RetryAfterError has no delay', async () => {
  const other = await createMessaging({ adapter: memory({ broker: createMemoryBroker() }) })
  const letters = new Promise<string>((resolve) => {
    other.on('deadLetter', ({ reason }) => resolve(reason))
  })
  await other.subscribe(items, { group: 'kept', retry: false }, () => {
    throw new RetryAfterError(Number('not a header'))
  })
  await other.publish(items, { key: 'a' })
  expect(await letters).toMatch(/^INVALID_OPTION: delayMs must be a number/)
  await other.close()
})
