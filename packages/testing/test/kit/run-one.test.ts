import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defineConformance, type ConformanceDefinition } from '../../src/define-conformance.js'
import type { Harness } from '../../src/harness.js'
import { memoryHarness } from '../../src/harness/memory.js'
import type { ConformanceResult } from '../../src/result.js'
import { runKit } from '../../src/run-kit.js'
import { runOne } from '../../src/run-one.js'
import type { Client } from '../../src/scenario/clients.js'

let queue: Harness
let log: Harness

beforeAll(async () => {
  queue = await memoryHarness({ like: 'queue' })
  log = await memoryHarness({ like: 'log' })
})

afterAll(async () => {
  await queue.close()
  await log.close()
})

const run = (definition: Partial<ConformanceDefinition>, harness: Harness = queue): Promise<ConformanceResult> =>
  runOne(defineConformance({ id: 'P1', run: async () => {}, ...definition }), harness, { seed: 7 })

describe('a test of the kit', () => {
  test('passes and reports what it has used', async () => {
    const result = await run({
      minimum: { messages: 40, keys: 5, faults: 1 },
      async run(scenario) {
        const topic = scenario.keyedTopic({ groups: ['all'] })
        const client = await scenario.messaging()
        await scenario.publishAll(client, topic, { count: 40, keys: 5 })
        await scenario.faults.cut(client)
        const all = await scenario.consume(client, topic, { group: 'all' })
        await scenario.until(() => all.done.size === 40, '40 messages')
        scenario.check()
      },
    })
    expect(result).toMatchObject({ id: 'P1', status: 'passed', messages: 40, keys: 5, faults: 1 })
    expect(result).not.toHaveProperty('reason')
  })

  test('fails with what it threw, and with the seed', async () => {
    const result = await run({
      async run() {
        throw new Error('not so')
      },
    })
    expect(result.status).toBe('failed')
    expect(result.reason).toContain('not so')
    expect(result.reason).toContain('seed 7')
  })

  test('fails with what disturbed its clients', async () => {
    const result = await run({
      async run(scenario) {
        const client = await scenario.messaging('disturbed')
        await scenario.faults.cut(client)
        await scenario.until(() => client.health().consume === 'ready', 'it to be back')
        throw new Error('not so')
      },
    })
    expect(result.reason).toMatch(/ms: .*-disturbed-1 consume lost/)
  })

  test('fails below its minimum', async () => {
    const result = await run({ minimum: { messages: 1 } })
    expect(result.status).toBe('failed')
    expect(result.reason).toContain('only 0 messages; 1 are needed')
  })

  test('fails when it does not end in time, and says what it waited for', async () => {
    const result = await run({
      timeoutMs: 10_000,
      run: async (scenario) => void (await scenario.until(() => false, 'nothing', { timeoutMs: 20 })),
    })
    expect(result.reason).toContain('waited 20 ms for: nothing')
    const stuck = await run({ timeoutMs: 20, run: () => new Promise(() => {}) })
    expect(stuck.status).toBe('failed')
    expect(stuck.reason).toContain('did not end within 20 ms')
  })

  test('fails for a process warning, unless it was expected', async () => {
    const warn = async (): Promise<void> => process.emitWarning('of the kit', 'KitTestWarning')
    expect((await run({ run: warn })).reason).toContain('KitTestWarning: of the kit')
    const expected = await run({
      async run(scenario) {
        scenario.allowWarning(/of the kit/)
        await warn()
      },
    })
    expect(expected.status).toBe('passed')
  })

  test('closes what it has opened, also after a failure', async () => {
    const clients: Client[] = []
    await run({
      async run(scenario) {
        clients.push(await scenario.messaging('one'), await scenario.messaging('two'))
        throw new Error('before the end')
      },
    })
    expect(clients.map((client) => client.health().publish)).toEqual(['closed', 'closed'])
  })

  test('fails when the history is not in order', async () => {
    const result = await run({
      async run(scenario) {
        const row = scenario.recorder.publishInvoked({ topic: 't', id: 'm1', instance: 'i' })
        scenario.recorder.publishEnded(row, 'ok')
        scenario.check({ groups: [{ topic: 't', group: 'g' }] })
      },
    })
    expect(result.reason).toContain('lost')
  })

  test('counts a fault in mid-stream only with a load over it', async () => {
    const result = await run({
      async run(scenario) {
        await scenario.faults.underLoad('nothing', async () => {}, { publishes: 1, deliveries: 0 })
      },
      timeoutMs: 200,
    })
    expect(result.status).toBe('failed')
    expect(result.faults).toBe(0)
  })
})

describe('a harness', () => {
  test('that cannot break something skips what needs it, with the reason', async () => {
    const { cut: _cut, kill: _kill, ...faults } = queue.faults
    const result = await run({ needs: { faults: ['kill', 'cut', 'block'] } }, { ...queue, faults })
    expect(result).toMatchObject({ status: 'skipped', reason: 'the harness cannot do: cut, kill' })
  })

  test('that says what cannot happen at its broker is not asked for it', async () => {
    const { addPartitions: _addPartitions, ...faults } = queue.faults
    const fixed = { ...queue, faults, cannotHappen: { addPartitions: 'their number is fixed' } }
    const result = await run({ needs: { faults: ['cut', 'addPartitions'] } }, fixed)
    expect(result).toMatchObject({ status: 'skipped', reason: 'not applicable: their number is fixed' })
  })

  test('is not asked for what is about another broker', async () => {
    const result = await run({ id: 'O7' })
    expect(result).toMatchObject({ status: 'skipped', reason: 'not applicable: for kafka only' })
  })

  test('is asked for what is about the broker that it behaves like', async () => {
    expect(await run({ id: 'P13' })).toMatchObject({ status: 'passed' })
    const { standsFor: _standsFor, ...nobody } = queue
    const result = await run({ id: 'P13' }, nobody)
    expect(result).toMatchObject({ status: 'skipped', reason: 'not applicable: for rabbitmq only' })
  })

  test('that lacks a capability is asked for its refusal instead', async () => {
    const asked: string[] = []
    const definition: Partial<ConformanceDefinition> = {
      id: 'C17',
      part: 'replay',
      needs: { capability: 'replay' },
      run: async () => void asked.push('run'),
      refused: async () => void asked.push('refused'),
    }
    expect((await run(definition, queue)).status).toBe('refused')
    expect((await run(definition, log)).status).toBe('passed')
    expect(asked).toEqual(['refused', 'run'])
    const failing = await run({ ...definition, refused: () => Promise.reject(new Error('was not refused')) }, queue)
    expect(failing).toMatchObject({ status: 'failed', part: 'replay' })
  })

  test('is not asked to simulate time that its broker does not live in', async () => {
    const { followsClock: _followsClock, ...real } = queue
    const result = await run({ needs: { simulatedTime: true } }, real)
    expect(result).toMatchObject({ status: 'skipped', reason: expect.stringContaining('simulated time') })
    expect(await run({ needs: { simulatedTime: true } })).toMatchObject({ status: 'passed' })
  })

  test('is watchful for tests about signs of life, and for no other', async () => {
    const asked: string[] = []
    const { fork: _fork, ...shared } = queue
    const calm: Harness = { ...shared, broker: 'calm', watchful: { ...shared, broker: 'watchful' } }
    const look: Partial<ConformanceDefinition> = {
      run: async (scenario) => void asked.push(scenario.harness.broker),
    }
    await run(look, calm)
    await run({ ...look, needs: { faults: ['cut'] } }, calm)
    await run({ ...look, needs: { faults: ['silence'] } }, calm)
    await run({ ...look, needs: { faults: ['freeze'] } }, calm)
    await run({ ...look, needs: { signsOfLife: true } }, calm)
    expect(asked).toEqual(['calm', 'calm', 'watchful', 'watchful', 'watchful'])
  })

  test('gets a broker with the hold limit that a test asks for', async () => {
    let holdMs = 0
    await run({ needs: { holdMs: 300 }, run: async (scenario) => void (holdMs = scenario.harness.timings.holdMs) })
    expect(holdMs).toBe(300)
  })
})

describe('a run of the kit', () => {
  test('lists every id that was asked for, in order, and runs beside each other only what may', async () => {
    let running = 0
    let most = 0
    const body = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    const alone = async (): Promise<void> => {
      expect(running).toBe(0)
      await body()
    }
    const tests = [
      defineConformance({ id: 'P1', parallel: true, run: body }),
      defineConformance({ id: 'P2', run: alone }),
      defineConformance({ id: 'P3', parallel: true, run: body }),
    ]
    const seen: string[] = []
    const report = await runKit(queue, {
      tests,
      only: ['P4', 'P3', 'P1', 'P2', 'I1'],
      parallel: 2,
      onResult: ({ id }) => seen.push(id),
    })
    expect(report.results.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'P1 passed',
      'P2 passed',
      'P3 passed',
      'P4 skipped',
      'I1 skipped',
    ])
    expect(report).toMatchObject({ adapter: 'memory', behaviour: 'queue', variant: 'plain' })
    expect(seen.toSorted()).toEqual(['I1', 'P1', 'P2', 'P3', 'P4'])
    expect(most).toBe(2)
  })
})
