/** Calls everything with bad input: each is refused, nothing is left that keeps the program alive, and it ends by itself. */
import assert from 'node:assert/strict'
import { closeOnSignals, connect, createMessaging, defineTopic, isSluiceError, unchecked } from '@sluice/core'
import { memory } from '@sluice/core/memory'

const orders = defineTopic('orders', { schema: unchecked(), key: String, groups: ['billing'] })
const notes = defineTopic('notes', { schema: unchecked() })
const messaging = await createMessaging({ adapter: memory() })
const nothing = () => undefined
const before = process.getActiveResourcesInfo().length

/** @type {readonly [code: string, field: string | undefined, call: () => unknown][]} */
const calls = [
  ['UNKNOWN_OPTION', 'options.topolgy', () => createMessaging(loose({ adapter: memory(), topolgy: 'declare' }))],
  ['INVALID_OPTION', 'startupTimeoutMs', () => createMessaging({ adapter: memory(), startupTimeoutMs: -1 })],
  ['INVALID_OPTION', 'adapter', () => createMessaging(loose({ adapter: 'memory' }))],
  ['NO_CONFIGURATION', 'url', () => connect()],
  ['UNKNOWN_SCHEME', 'url', () => connect('redis://localhost')],
  ['ADAPTER_MISSING', 'url', () => connect('kafka://localhost')],
  ['INVALID_CONFIGURATION', 'partitions', () => connect('memory:?partitions=0')],
  ['INVALID_NAME', 'topic', () => defineTopic('no name', { schema: unchecked() })],
  ['INVALID_OPTION', 'topic', () => messaging.publish(loose({ name: 'orders' }), 1)],
  ['INVALID_HEADER', 'options.headers["n"]', () => messaging.publish(orders, 1, { headers: loose({ n: 5 }) })],
  ['INVALID_KEY', 'key', () => messaging.publish(orders, 1, { key: loose(5) })],
  ['INVALID_ID', 'options.id', () => messaging.publish(orders, 1, { id: '' })],
  ['INVALID_OPTION', 'options.timeoutMs', () => messaging.publish(orders, 1, { timeoutMs: -1 })],
  ['NOT_SERIALIZABLE', 'payload', () => messaging.publish(notes, 5n)],
  ['INVALID_OPTION', 'entries', () => messaging.publishBatch(orders, loose(5))],
  ['INVALID_OPTION', 'concurrency', () => messaging.subscribe(orders, { group: 'g', concurrency: 0 }, nothing)],
  ['INVALID_NAME', 'group', () => messaging.subscribe(orders, { group: 'a.b' }, nothing)],
  ['INVALID_OPTION', 'maxSize', () => messaging.subscribeBatch(orders, { group: 'g', maxSize: 0 }, nothing)],
  ['INVALID_OPTION', 'window', () => messaging.stream(orders, loose({ group: 'g', window: 5 })).subscription],
  ['INVALID_OPTION', 'topics[0]', () => messaging.provision(loose([{}]))],
  ['INVALID_OPTION', 'limit', () => messaging.deadLetters(orders, 'g').list({ limit: 0 })],
  ['INVALID_OPTION', 'perSecond', () => messaging.deadLetters(orders, 'g').redrive({ perSecond: 0 })],
  ['INVALID_OPTION', 'close.deadlineMs', () => messaging.close({ deadlineMs: -1 })],
  ['INVALID_OPTION', 'signals[0]', () => closeOnSignals(messaging, { signals: loose(['SIGKILL']) })],
]
for (const [code, field, call] of calls) {
  try {
    await call()
  } catch (error) {
    assert.ok(isSluiceError(error), `${code} ${field}: ${String(error)}`)
    assert.deepEqual([error.code, error.field], [code, field])
    continue
  }
  assert.fail(`${code} ${field}: the call was not refused`)
}
assert.equal(process.getActiveResourcesInfo().length, before)
assert.deepEqual(messaging.health().subscriptions, [])
const subscription = await messaging.subscribe(orders, { group: 'g', concurrency: 1 }, nothing)
assert.equal(subscription.state, 'running')
await messaging.close()
console.log(`${String(calls.length)} calls refused, nothing left`)

/**
 * A value as a program without types would pass it.
 *
 * @param {unknown} value
 * @returns {never}
 */
function loose(value) {
  return /** @type {never} */ (value)
}
