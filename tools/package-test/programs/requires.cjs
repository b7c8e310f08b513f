/** A CommonJS program that uses every entry, and hands values to the copy of the package that ES modules get. */
const assert = require('node:assert/strict')
const core = require('@sluice/core')
const { defineConfig, maskUrl } = require('@sluice/core/config')
const { memory } = require('@sluice/core/memory')
const { adapterError } = require('@sluice/core/spi')
const { conformanceIds, registerKit } = require('@sluice/testing')
const { rabbitmq } = require('@sluice/adapter-rabbitmq')

async function main() {
  assert.equal(typeof adapterError, 'function')
  assert.equal(typeof registerKit, 'function')
  assert.equal(rabbitmq().name, 'rabbitmq')
  assert.ok(conformanceIds.length > 100)
  assert.equal(maskUrl('kafka://u:secret@h'), 'kafka://u:***@h')
  assert.equal(defineConfig, core.defineConfig, 'entries share their code')

  const imported = await import('@sluice/core')
  assert.notEqual(imported.SluiceError, core.SluiceError, 'two copies are what this program is about')
  assert.ok(core.isSluiceError(new imported.SluiceError('DENIED', 'no'), 'DENIED'))
  assert.ok(imported.isSluiceError(new core.SluiceError('DENIED', 'no'), 'DENIED'))

  const orders = imported.defineTopic('orders', { schema: imported.unchecked(), key: String, groups: ['billing'] })
  const messaging = await core.createMessaging({ adapter: memory() })
  const received = new Promise((resolve) => {
    void messaging.subscribe(orders, { group: 'billing' }, resolve).then(() => messaging.publish(orders, 1))
  })
  assert.equal((await received).payload, 1)
  assert.equal((await messaging.close()).clean, true)

  const connected = await core.connect('memory:required')
  assert.equal((await connected.publish(orders, 2)).topic, 'orders')
  assert.equal((await connected.close()).clean, true)

  await assert.rejects(core.connect('kafka://user:secret@localhost'), (error) => {
    assert.ok(imported.isSluiceError(error, 'ADAPTER_MISSING'), String(error))
    assert.match(error.message, /^npm install @sluice\/adapter-kafka$/m)
    assert.doesNotMatch(String(error.stack), /secret/)
    return true
  })
  // One that is there is found by the scheme; nothing listens on this port.
  await assert.rejects(core.connect('amqp://user:secret@127.0.0.1:1', { startupTimeoutMs: 200 }), (error) => {
    assert.ok(imported.isSluiceError(error, 'CONNECT_TIMEOUT'), String(error))
    assert.doesNotMatch(String(error.stack), /secret/)
    return true
  })
  console.log('published, subscribed and closed; both copies know each other; a missing adapter is named')
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
