import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns, type Runs } from '../../scenario/consuming.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { takes } from '../../scenario/handler-work.js'
import type { Item } from '../../scenario/item.js'
import type { Load } from '../../scenario/load.js'
import { untilDepth } from '../../scenario/settled.js'

const partitions = 4

/**
 * R18: the stored positions of a group are looked at all the time, through messages that end out of order, attempts that fail, dead
 * letters, joins, leaves, cuts and kills. They never step back, and everything below them is finished.
 */
export const positionsAreTrue: Conformance = defineConformance({
  id: 'R18',
  parallel: true,
  needs: { faults: ['cut', 'kill'], inspect: ['position'] },
  minimum: { messages: 1_000, keys: 64, faults: 4 },
  timeoutMs: 120_000,
  async run(scenario) {
    const topic = scenario.keyedTopic({ partitions, groups: ['all'] })
    const publisher = await scenario.messaging('publisher', { publishTimeoutMs: scenario.harness.timings.patienceMs })
    const runs: Runs<Item> = emptyRuns()
    const dead = new Set<string>()
    const join = async (label: string) => {
      const client = await scenario.messaging(label)
      client.on('deadLetter', ({ id }) => dead.add(id))
      const options = { group: 'all', concurrency: 32, retry: fixedRetry(5, { attempts: 2 }) }
      const consumption = await scenario.consume(
        client,
        topic,
        options,
        async ({ payload: { n, key } }, { attempt }) => {
          await takes(scenario.random() * (n % 10 === 0 ? 40 : 2))
          if (n % 25 === 7 && (attempt === 1 || key === 'k3')) throw new Error('fails')
        },
        runs,
      )
      return { client, consumption }
    }
    let members = [await join('first'), await join('second')]
    const load = scenario.startLoad(publisher, topic, { inFlight: 48, keys: 64 })
    const watch = watchPositions(scenario, topic.name, load, (id) => runs.done.has(id) || dead.has(id))
    const steps: readonly (() => Promise<unknown>)[] = [
      () => scenario.faults.cut((members[0] as (typeof members)[number]).client, 'consume'),
      async () => members.push(await join('third')),
      () => scenario.faults.kill((members.shift() as (typeof members)[number]).client),
      async () => (members.shift() as (typeof members)[number]).client.close(),
      async () => members.push(await join('fourth')),
      () => scenario.faults.cut((members[0] as (typeof members)[number]).client),
      () => scenario.faults.kill((members.shift() as (typeof members)[number]).client),
    ]
    for (const step of steps) {
      const before = watch.moves
      await step()
      await scenario.until(() => watch.moves >= before + 20, 'positions to move on', {
        timeoutMs: scenario.harness.timings.takeOverMs + scenario.harness.timings.patienceMs,
        saw: () => watch.moves - before,
      })
    }
    const sent = await load.stop()
    const stored = sent.filter(({ result }) => result === 'ok')
    await scenario.until(
      () => stored.every(({ id }) => runs.done.has(id) || dead.has(id)),
      `${stored.length} messages`,
      { saw: () => [runs.done.size, dead.size] },
    )
    await untilDepth(scenario, topic.name, 'all')
    await watch.end()
    assert.atLeast(dead.size, 1, 'messages that were dead-lettered')
    members = []
    for (const id of dead) scenario.recorder.deadLetterSeen({ topic: topic.name, id, group: 'all' })
    scenario.check({
      groups: [{ topic: topic.name, group: 'all' }],
      resendsPerDoubt: 3,
      allowOverlapAfterLoss: true,
      afterStop: 'ignore',
    })
  },
})

interface Watch {
  /** How often a position has moved on. */
  readonly moves: number
  /** Throws what was seen, and that the last positions cover everything. */
  end(): Promise<void>
}

function watchPositions(scenario: Scenario, topic: string, load: Load, isFinished: (id: string) => boolean): Watch {
  const last = Array.from({ length: partitions }, () => -1)
  const covered = Array.from({ length: partitions }, () => 0)
  const ids: Map<number, string>[] = Array.from({ length: partitions }, () => new Map())
  const problems: string[] = []
  let indexed = 0
  let moves = 0
  let stopped = false
  const watching = run()
  watching.catch(() => undefined)
  return {
    get moves() {
      return moves
    },
    async end() {
      stopped = true
      await watching
      await look()
      assert.equal(problems.slice(0, 3), [], `${problems.length} findings of the watch on positions`)
      assert.atLeast(moves, 100, 'moves of positions')
      for (const [partition, byPosition] of ids.entries())
        for (const [position, id] of byPosition)
          assert.ok(
            position < (last[partition] as number),
            `${id} at ${position} of ${partition} is covered in the end`,
          )
    },
  }

  async function run(): Promise<void> {
    while (!stopped && !scenario.signal.aborted) {
      await look()
      await takes(0)
    }
  }

  async function look(): Promise<void> {
    const found = await Promise.all(
      last.map(async (_, partition) => scenario.inspect.position?.(topic, 'all', partition)),
    )
    // Positions first, then what is finished: a message that ends in between would only look better.
    index()
    for (const [partition, position] of found.entries()) {
      if (position === undefined) continue
      const before = last[partition] as number
      if (position < before) problems.push(`partition ${partition} went back from ${before} to ${position}`)
      if (position > before) moves++
      last[partition] = Math.max(position, before)
      for (let at = covered[partition] as number; at < position; at++) {
        const id = ids[partition]?.get(at)
        if (id !== undefined && !isFinished(id))
          problems.push(`position ${position} of ${partition} covers ${id} at ${at}`)
      }
      covered[partition] = Math.max(covered[partition] as number, position)
    }
  }

  /** A message is known when its publish has ended, which may be after its end: what is unknown yet is judged when it is known. */
  function index(): void {
    for (; indexed < load.results.length; indexed++) {
      const { id, receipt } = load.results[indexed] as Load['results'][number]
      if (receipt?.position === undefined) continue
      const { partition, position } = receipt
      ids[partition]?.set(Number(position), id)
      if (Number(position) < (covered[partition] as number) && !isFinished(id))
        problems.push(`position ${covered[partition]} of ${partition} covers ${id} at ${position}`)
    }
  }
}
