import { formatVersion, standardHeaders } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { untilDepth } from '../../scenario/settled.js'

const neighbours = [formatVersion - 1, formatVersion, formatVersion + 1] as const
const count = 240

/**
 * X6: one group in which instances of three versions write and this one reads: messages of each, with headers that this version does
 * not know, copies of a failed attempt, and messages that fail here. Nothing of another version is dropped, renamed or taken for bad.
 */
export const neighbouringVersions: Conformance = defineConformance({
  id: 'X6',
  parallel: true,
  minimum: { messages: count },
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions: 2, groups: ['all'] })
    const client = await scenario.messaging('consumer')
    await client.provision([topic])
    const unknown = 'sluice-of-tomorrow'
    const written = Array.from({ length: count }, (_, n) => {
      const version = neighbours[n % 3] ?? formatVersion
      const failures = n % 8 === 5 ? 2 : 0
      return {
        version,
        failures,
        id: scenario.newId(),
        key: `k${n % 12}`,
        partition: n % 2,
        body: new TextEncoder().encode(JSON.stringify({ key: `k${n % 12}`, n })),
        headers: [
          [standardHeaders.version, String(version)],
          ...(failures > 0 ? [[standardHeaders.failures, String(failures)] as const] : []),
          ...(version > formatVersion ? [[unknown, 'kept'] as const] : []),
          ['source', 'application'],
        ] as const,
      }
    })
    await scenario.sendRaw(topic.name, written)
    scenario.count({ messages: count, keys: 12 })
    const byId = new Map(written.map((message) => [message.id, message]))
    const runs: { readonly id: string; readonly n: number; readonly key: string; readonly attempt: number }[] = []
    let mended = false
    const options = { group: 'all', concurrency: 12, retry: fixedRetry(1, { attempts: 4 }), breaker: false as const }
    const all = await client.subscribe(topic, options, ({ id, payload, headers, rawHeaders }, { attempt }) => {
      const original = byId.get(id)
      runs.push({ id, n: payload.n, key: payload.key ?? '', attempt })
      assert.equal({ ...headers }, { source: 'application' }, `headers of ${id} that the application sees`)
      const raw = new Map(rawHeaders.map(([name, value]) => [name, String(value)]))
      assert.equal(raw.get(standardHeaders.version), String(original?.version), `version of ${id}`)
      assert.equal(
        raw.get(unknown),
        original?.version === formatVersion + 1 ? 'kept' : undefined,
        `unknown header of ${id}`,
      )
      if (!mended && payload.n % 20 >= 18) throw new Error('fails here')
    })
    const settled = (): number => all.stats().acked + all.stats().deadLettered
    await scenario.until(() => settled() === count, 'everything', { saw: () => [all.stats(), runs.length] })
    await untilDepth(scenario, topic.name, 'all')
    const failing = written.filter((_, n) => n % 20 >= 18)
    assert.equal(all.stats().deadLettered, failing.length, 'dead letters')
    for (const [n, { id, failures }] of written.entries()) {
      const first = failures + 1
      const last = n % 20 >= 18 ? 4 : first
      const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      assert.equal(
        runs.filter((run) => run.id === id).map(({ attempt }) => attempt),
        expected,
        `attempts of ${id}`,
      )
    }
    for (const key of new Set(written.map((message) => message.key))) {
      const numbers = runs.filter((run) => run.key === key).map(({ n }) => n)
      assert.equal(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `order of key ${key} over versions`,
      )
    }
    const letters = await listDeadLetters(client, topic, 'all')
    for (const { id, headers, attempts, originTopic } of letters) {
      const original = byId.get(id)
      const found = new Map(headers.map(([name, value]) => [name, String(value)]))
      assert.equal(found.get(standardHeaders.version), String(original?.version), `version of dead letter ${id}`)
      assert.equal(
        found.get(unknown),
        original?.version === formatVersion + 1 ? 'kept' : undefined,
        `unknown header of dead letter ${id}`,
      )
      assert.equal([attempts, originTopic], [4, topic.name], `attempts, topic of dead letter ${id}`)
    }
    mended = true
    runs.length = 0
    const report = await client.deadLetters(topic, 'all').redrive()
    assert.equal(report.redriven, failing.length, 'redriven')
    await scenario.until(() => settled() === count + failing.length, 'what was sent back', { saw: () => all.stats() })
    assert.ok(
      runs.every(({ attempt }) => attempt === 1),
      'a redriven message starts its count anew',
    )
  },
})
