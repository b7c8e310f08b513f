import { connect, type Messaging } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { expectedBilling, runProgram } from './program.js'

const customers = ['ada', 'bob', 'eve']

/**
 * X1: the program runs on both behaviours of memory and on the adapter under test. Nothing but SLUICE_URL, and then the target of
 * `connect`, tells it where; the logs are the same, line by line.
 */
export const sameLog: Conformance = defineConformance({
  id: 'X1',
  minimum: { messages: 150, keys: 3 },
  timeoutMs: 60_000,
  async run(scenario) {
    const urls = ['queue', 'log'].map((like) => `memory:${scenario.topicName()}?like=${like}`)
    const logs: (readonly string[])[] = []
    for (const url of urls) logs.push(await run(scenario, await connectByEnvironment(url)))
    const here = (): Promise<Messaging> => connectHere(scenario)
    logs.push(await run(scenario, await here()))
    const [first = []] = logs
    for (const [index, log] of logs.entries()) {
      const missing = first.filter((line) => !log.includes(line))
      const surplus = log.filter((line) => !first.includes(line))
      assert.equal([missing, surplus], [[], []], `lines that differ on ${urls[index] ?? scenario.harness.name}`)
      assert.equal(log, first, `the log on ${urls[index] ?? scenario.harness.name}`)
    }
    // Both of them could be wrong in the same way.
    for (const customer of customers)
      assert.equal(
        first.filter((line) => line.startsWith(`${customer} in order`)),
        expectedBilling(customer),
        `what ${customer} is billed, in order`,
      )
    for (const line of [
      'archive: 21 0 0 0 0 0 running',
      'billing: 21 15 9 0 0 0 running',
      'mail: 30 0 0 0 0 0 running',
      'after all: up 0',
      'late: CLOSED',
    ]) {
      assert.ok(
        first.includes(line),
        `the log has "${line}": ${first.filter((one) => one.includes(line.slice(0, 8))).join(' | ')}`,
      )
    }
    assert.equal(first.filter((line) => line.startsWith('letter ')).length, 9, 'dead letters')
  },
})

async function run(scenario: Scenario, messaging: Messaging): Promise<readonly string[]> {
  scenario.count({ messages: 30 + 21, keys: 3 })
  const [orders, reports] = [scenario.topicName(), scenario.topicName()]
  scenario.after(() => messaging.close())
  const log = await runProgram(messaging, { orders, reports })
  return log.map((line) => line.replaceAll(orders, 'orders').replaceAll(reports, 'reports'))
}

async function connectByEnvironment(url: string): Promise<Messaging> {
  const before = process.env['SLUICE_URL']
  process.env['SLUICE_URL'] = url
  try {
    return await connect()
  } finally {
    if (before === undefined) delete process.env['SLUICE_URL']
    else process.env['SLUICE_URL'] = before
  }
}

/** The adapter under test, as an application has it that passes its own adapters: chosen by the scheme of the URL. */
function connectHere({ harness }: Scenario): Promise<Messaging> {
  const adapters = [{ schemes: ['kit'], fromUrl: () => harness.createAdapter({ clientName: 'program' }) }]
  return connect({ url: 'kit://broker', clientName: 'program', adapters })
}
