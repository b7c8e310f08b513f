/** An ES module that uses every entry, and hands values to the copy of the package that CommonJS programs get. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as core from '@sluice/core'
import * as config from '@sluice/core/config'
import * as memory from '@sluice/core/memory'
import * as spi from '@sluice/core/spi'
import * as testing from '@sluice/testing'
import * as kafka from '@sluice/adapter-kafka'
import * as rabbit from '@sluice/adapter-rabbitmq'

const require = createRequire(import.meta.url)
/** @type {typeof core} */
const required = require('@sluice/core')
/** @type {typeof memory} */
const requiredMemory = require('@sluice/core/memory')
assert.notEqual(required.SluiceError, core.SluiceError, 'two copies are what this program is about')

assert.equal(typeof spi.adapterError, 'function')
assert.equal(config.maskUrl('amqp://u:secret@h'), 'amqp://u:***@h')
assert.equal(config.defineConfig, core.defineConfig, 'entries share their code')
assert.equal((await import('@sluice/core/memory')).memory, memory.memory)
assert.equal(typeof testing.registerKit, 'function')
assert.equal(rabbit.rabbitmq({ url: 'amqp://localhost' }).name, 'rabbitmq')
assert.equal(kafka.kafka({ url: 'kafka://localhost' }).name, 'kafka')
assert.equal(require('@sluice/adapter-kafka').kafka().name, 'kafka')
assert.ok(testing.conformanceIds.length > 100)

// Found by the scheme; nothing listens on this port.
await assert.rejects(core.connect('kafka://user:secret@127.0.0.1:1', { startupTimeoutMs: 200 }), (error) => {
  assert.ok(core.isSluiceError(error, 'CONNECT_TIMEOUT'), String(error))
  assert.doesNotMatch(String(error.stack), /secret/)
  return true
})

// Errors of one copy are known by the other.
const mine = new core.SluiceError('TIMEOUT', 'too late')
const theirs = new required.SluiceError('CLOSED', 'over')
assert.ok(required.isSluiceError(mine, 'TIMEOUT') && !required.isSluiceError(mine, 'CLOSED'))
assert.ok(core.isSluiceError(theirs, 'CLOSED') && !(theirs instanceof core.SluiceError))

// So are topics, brokers, and what handlers throw.
const orders = required.defineTopic('orders', { schema: required.unchecked(), key: String, groups: ['billing'] })
const broker = requiredMemory.createMemoryBroker()
const messaging = await core.createMessaging({ adapter: memory.memory({ broker }) })
/** @type {unknown[]} */
const handled = []
const dead = new Promise((resolve) => {
  messaging.on('deadLetter', resolve)
})
const subscription = await messaging.subscribe(orders, { group: 'billing' }, ({ payload }) => {
  handled.push(payload)
  if (payload === 2) throw new required.PermanentError('never')
})
const receipts = await messaging.publishBatch(orders, [{ payload: 1 }, { payload: 2 }])
assert.equal(receipts.length, 2)
assert.equal(/** @type {{ reason: string }} */ (await dead).reason, 'never')
const stats = subscription.stats()
assert.deepEqual({ dead: stats.deadLettered, handled }, { dead: 1, handled: [1, 2] })
const letters = await messaging.deadLetters(orders, 'billing').list()
assert.equal(letters.letters.length, 1)
assert.deepEqual(await messaging.close(), { clean: true, leftRunning: 0, leftWaiting: 0, leftPublishes: 0 })
await assert.rejects(messaging.publish(orders, 3), (error) => required.isSluiceError(error, 'CLOSED'))

const connected = await core.connect('memory:shared')
const again = await required.connect('memory:shared')
const received = new Promise((resolve) => {
  void again.subscribe(orders, { group: 'mail' }, resolve).then(() => connected.publish(orders, 4))
})
assert.equal(/** @type {{ payload: unknown }} */ (await received).payload, 4)
await Promise.all([connected.close(), again.close()])
console.log('published, subscribed and closed; both copies know each other')
