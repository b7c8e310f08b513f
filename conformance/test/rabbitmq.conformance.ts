import { whyMissing } from '@sluice/brokers'
import { conformance, registerKit, type Conformance, type Runner } from '@sluice/testing'
import { afterAll, describe, test } from 'vitest'
import { rabbitHarness } from '../src/rabbitmq/harness/rabbit-harness.js'
import { leftOut, reasonOf } from './rabbitmq-selection.js'

const missing = await whyMissing('rabbitmq')
const group = missing === undefined ? describe : describe.skip
if (missing !== undefined) console.warn(`Skipped: ${missing}`)
for (const [reason, ids] of leftOut)
  console.log(`conformance of RabbitMQ, left to \`npm run kit\`: ${ids.join(', ')} (${reason})`)

const runner: Runner = {
  test(name, { timeoutMs }, run) {
    test(name, { timeout: timeoutMs }, ({ skip }) => run((reason) => skip(reason)))
  },
  after: (run) => afterAll(run, 60_000),
  describe: (name, register) => group(name, register),
}

const isChosen = ({ id }: Conformance): boolean => reasonOf(id) === undefined

registerKit(runner, () => rabbitHarness({ nodes: 1 }), {
  title: 'conformance of RabbitMQ on one node',
  tests: conformance.filter(isChosen),
  timeFactor: 4,
})
