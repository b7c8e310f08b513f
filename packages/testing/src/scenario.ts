/*
 * CONFORMANCE-AUTHORS: how a conformance test is written
 *
 * 1. One file per id or per small family in `conformance/<group>/<what-it-shows>.ts`, which exports `defineConformance({ … })` values.
 *    List them in `conformance/<group>/index.ts`, nowhere else. Ids and titles stand in `ids.ts`; do not repeat the title.
 *
 *        export const everyGroupGetsAll: Conformance = defineConformance({
 *          id: 'C1',
 *          parallel: true,                        // waits more than it computes, measures no time or memory, breaks only its own broker
 *          minimum: { messages: 500, keys: 16 },  // a run that reports less fails: a test cannot become empty unnoticed
 *          needs: { faults: ['kill'] },           // missing: skipped, with the reason. Default: none
 *          async run(scenario) {
 *            const topic = scenario.keyedTopic({ partitions: 4, groups: ['left', 'right'] })     // fresh name in every test
 *            const client = await scenario.messaging('a', { publishTimeoutMs: 5_000 })           // real createMessaging; closed after the test
 *            const left = await scenario.consume(client, topic, { group: 'left' }, async (message, delivery) => { … })
 *            const right = await scenario.consume(client, topic, { group: 'right' })
 *            const sent = await scenario.publishAll(client, topic, { count: 500, keys: 16 })     // numbered per key, recorded, awaited
 *            await scenario.until(() => left.done.size === 500 && right.done.size === 500, 'both groups to handle 500', {
 *              saw: () => [left.done.size, right.done.size],
 *            })
 *            scenario.check({ groups: [{ topic: topic.name, group: 'left' }, { topic: topic.name, group: 'right' }] })
 *          },
 *        })
 *
 * 2. The oracle is the history: `publishAll`, `publishOne` and `consume` record into `scenario.recorder`, faults too; `scenario.check()`
 *    judges it (lost, phantom, duplicated, out of order, overlapping) and throws the report. Call it at the end with every group that
 *    must have got everything. Beside it use `assert` (import it
 *    from `scenario/assert.js`) and the broker's own counters (`scenario.inspect`, each may be missing).
 * 3. Never sleep. Wait for a condition with `scenario.until(condition, what, { saw })`. To show that something does NOT happen, wait for
 *    an event that would come after it (a later message handled, `depth` 0, a close that has resolved), not for a time.
 * 4. Faults: `scenario.faults.kill(client)` and so on record themselves, count themselves, and are undone after the test. A fault that
 *    has to hit a running load goes into `scenario.faults.underLoad('the kill', async () => { … })`: it counts when 200 publishes and
 *    200 deliveries have overlapped it, and fails otherwise. `scenario.kills` is 5, or 50 with --long. Choose moments with
 *    `scenario.random()`, which is seeded and whose seed is printed with a failure.
 * 5. A capability that may be missing (`refusals.ts`): put that part of the id into a definition of its own with `part` and
 *    `needs.capability`, and give `refused(scenario)`: what start-up does instead. It runs where the capability is missing and must
 *    pass; the result is then "refused". No other reason to refuse exists.
 * 6. Counting is automatic for what goes through the helpers; add the rest with `scenario.count({ messages, keys, faults })`.
 * 7. An unhandled rejection or a process warning during a test fails it. One that belongs there: `scenario.allowWarning(/…/)`.
 *    More helpers: `startLoad` publishes until it is stopped, `publishBatch` records a batch, `sendRaw` sends bytes past core (undecodable,
 *    foreign), `recording` is the recording handler alone, `after` runs code at the end, `topicName()` names a topic of your own making.
 * 8. Times come from `scenario.harness.timings` and are bounds, never expectations of the machine: upper ones are held against
 *    `scenario.stopwatch().ranMs`, which leaves out what the machine took away, or with `scenario.takenBetween()` added.
 *    Sizes: `scenario.harness.limits`.
 * 9. Every test must be able to fail: think of the defect that it is there for, and let that defect reach the assertion.
 * 10. Run one: npm run kit -- --adapter memory --like log --only C1 --repeat 20
 */
import { checkHistory } from './history/check.js'
import type { CheckOptions } from './history/options.js'
import type { Recorder } from './history/recorder.js'
import { formatReport, type HistoryReport } from './history/report.js'
import type { Harness, Inspect } from './harness.js'
import { ConformanceFailure } from './scenario/assert.js'
import { createBreaking, type Breaking } from './scenario/breaking.js'
import { createClients, type Client, type ClientOptions } from './scenario/clients.js'
import { createConsuming, type Consuming } from './scenario/consuming.js'
import { keyedItemTopic, plainItemTopic, type ItemTopic, type ItemTopicOptions } from './scenario/item.js'
import { watchDisturbances } from './scenario/disturbances.js'
import { watchLateness } from './scenario/lateness.js'
import { createJournal, type JournalCounters } from './scenario/journal.js'
import { watchProcess } from './scenario/process-watch.js'
import { createStartLoad, type StartLoad } from './scenario/load.js'
import { createPublishing, type Publishing } from './scenario/publishing.js'
import { createSendRaw, type SendRaw } from './scenario/raw.js'
import { seededRandom } from './scenario/random.js'
import { startStopwatch, type Stopwatch } from './scenario/stopwatch.js'
import { createUntil, type Until } from './scenario/until.js'
import type { Variant } from './scenario/variant.js'

/** What a conformance test is given: fresh names, messaging objects on the adapter under test, and what records and judges. */
export interface Scenario extends Publishing, Consuming {
  readonly harness: Harness
  readonly variant: Variant
  /** The long run was asked for. */
  readonly long: boolean
  /** Kills that a test with kills makes: 5, in the long run 50. */
  readonly kills: number
  /** A new messaging object with an adapter of its own; closed after the test. The label shows up in its client name. */
  messaging(label?: string, options?: ClientOptions): Promise<Client>
  /** The `clientName` of a messaging object, which is its instance in the history. */
  nameOf(client: Client): string
  /** A fresh topic whose messages are ordered by `item.key`. */
  keyedTopic(options?: ItemTopicOptions): ItemTopic<true>
  /** A fresh topic without keys. */
  plainTopic(options?: Omit<ItemTopicOptions, 'partitions'>): ItemTopic<false>
  /** A fresh topic name, for topics of another kind. */
  topicName(): string
  /** Sends messages past core: undecodable bytes, byte headers, foreign formats. */
  readonly sendRaw: SendRaw
  readonly faults: Breaking
  readonly inspect: Partial<Inspect>
  readonly recorder: Recorder
  /** Publishes until it is stopped: what a fault has to hit. */
  readonly startLoad: StartLoad
  readonly until: Until
  /** Measures a wait that begins now. */
  stopwatch(): Stopwatch
  /** What the machine took of a wait that lies between two moments of `performance.now()`, in ms. */
  takenBetween(fromMs: number, toMs: number): number
  /** Judges what was recorded and throws the report when it is not in order. */
  check(options?: CheckOptions): HistoryReport
  /** Adds what did not go through the helpers to the numbers of the result. */
  count(more: { readonly messages?: number; readonly keys?: number; readonly faults?: number }): void
  /** From 0 up to, not including, 1; the same in every run with the same seed. */
  random(): number
  allowWarning(pattern: RegExp): void
  /** Runs at the end of the test, last in first out, also when it failed. */
  after(run: () => unknown): void
  /** Fires when the time of the test is over. */
  readonly signal: AbortSignal
}

export interface ScenarioOptions {
  readonly harness: Harness
  /** Unique in the life of the broker, short: letters, digits, "-". */
  readonly prefix: string
  readonly variant: Variant
  readonly long: boolean
  readonly seed: number
}

export interface ScenarioNumbers {
  readonly messages: number
  readonly keys: number
  readonly faults: number
}

/** A scenario and what only the one who runs it may do. */
export interface ScenarioRun {
  readonly scenario: Scenario
  numbers(): ScenarioNumbers
  /** Ends waits, mends what is broken, closes what is open. Resolves with what went wrong meanwhile or was neglected. */
  end(): Promise<readonly string[]>
  /** What disturbed the clients, for whoever looks for the cause of a failure. */
  disturbances(): readonly string[]
}

export function createScenario(options: ScenarioOptions): ScenarioRun {
  const { harness, prefix, variant, long, seed } = options
  const journal = createJournal()
  const ended = new AbortController()
  const watch = watchProcess()
  const lateness = watchLateness()
  const disturbances = watchDisturbances(lateness)
  const clients = createClients(harness, prefix, variant, disturbances)
  const until = createUntil(harness.timings.patienceMs, ended.signal, lateness)
  const breaking = createBreaking(harness, journal, clients, until)
  const publishing = createPublishing(journal, clients, prefix)
  const startLoad = createStartLoad(publishing)
  const cleanups: (() => unknown)[] = []
  const more = { keys: 0 }
  let topics = 0
  const topicName = (): string => `${prefix}-t${++topics}`

  const scenario: Scenario = {
    ...publishing,
    startLoad(client, topic, loadOptions) {
      const load = startLoad(client, topic, loadOptions)
      // A test that fails does not stop it; publishes of a closed client would be rejected without end.
      cleanups.push(() => void load.stop().catch(() => undefined))
      return load
    },
    ...createConsuming(journal, clients),
    harness,
    variant,
    long,
    kills: long ? 50 : 5,
    messaging: (label = 'client', clientOptions) => clients.open(label, clientOptions),
    nameOf: clients.nameOf,
    keyedTopic: (topicOptions = {}) => keyedItemTopic(topicName(), topicOptions),
    plainTopic: (topicOptions = {}) => plainItemTopic(topicName(), topicOptions),
    topicName,
    sendRaw: createSendRaw(harness, prefix),
    faults: breaking,
    inspect: harness.inspect,
    recorder: journal.recorder,
    until,
    stopwatch: () => startStopwatch(lateness),
    takenBetween: lateness.takenBetween,
    check(checkOptions = {}) {
      const { storeMs, detectMs } = harness.timings
      // While the process stood still nothing was stored.
      const lateStoreMs = storeMs + lateness.worstMs()
      const bounds = { storeMs: lateStoreMs, noticeMs: detectMs, ...checkOptions }
      const report = checkHistory(journal.recorder.history(), bounds)
      if (!report.ok) throw new ConformanceFailure(`the history is not in order\n${formatReport(report)}`)
      return report
    },
    count({ messages = 0, keys = 0, faults = 0 }) {
      journal.counters.messages += messages
      journal.counters.faults += faults
      more.keys += keys
    },
    random: seededRandom(seed),
    allowWarning: watch.allowWarning,
    after: (run) => void cleanups.push(run),
    signal: ended.signal,
  }

  async function attempt(what: string, run: () => unknown): Promise<readonly string[]> {
    try {
      await run()
      return []
    } catch (error) {
      return [
        `${what} at the end of the test: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ]
    }
  }

  return {
    scenario,
    numbers: () => numbersOf(journal.counters, more.keys),
    disturbances: () => disturbances.end(),
    async end() {
      ended.abort(new ConformanceFailure('the test has ended'))
      const problems: string[] = []
      for (const run of cleanups.reverse()) problems.push(...(await attempt('a clean-up', run)))
      problems.push(...(await attempt('mending', () => breaking.mend())))
      const closing = clients.all.map((client) =>
        attempt('close', () => client.close({ deadlineMs: journal.isBuried(clients.nameOf(client)) ? 0 : 1_000 })),
      )
      problems.push(...(await Promise.all(closing)).flat(), ...(await watch.end()))
      return problems
    },
  }
}

function numbersOf(counters: JournalCounters, moreKeys: number): ScenarioNumbers {
  return { messages: counters.messages, keys: counters.keys.size + moreKeys, faults: counters.faults }
}
