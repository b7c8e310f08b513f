import { jitter } from './jitter.js'
import { checkHistory, createRecorder, formatReport, type Recorder, type Violation } from '@sluice/testing'
import { createMemoryStore } from '../../../src/builtin/memory-store.js'
import type { SubscribeBatchOptions } from '../../../src/consume/options.js'
import type { Subscription } from '../../../src/consume/subscription-handle.js'
import type { DeliveryStream } from '../../../src/consume/delivery-stream.js'
import { isSluiceError } from '../../../src/errors/sluice-error.js'
import { createSimulatedClock, type SimulatedClock } from '../../../src/kit/simulated-clock.js'
import {
  connectionLike,
  createMemoryBroker,
  memory,
  type InstanceControl,
  type MemoryBroker,
} from '../../../src/memory/index.js'
// Not createMessaging: it loads the engine when it is called, which takes real time.
import { openMessaging } from '../../../src/messaging.js'
import type { Messaging } from '../../../src/messaging-handle.js'
import type { IdempotencyStore } from '../../../src/model/store.js'
import { unchecked } from '../../../src/model/schema.js'
import { defineTopic, type Topic } from '../../../src/model/topic.js'
import { createHandling } from './handling.js'
import { watchInsides, type Insides } from './insides.js'
import { makePlan, type GroupPlan, type Plan } from './plan.js'
import { createProcessClock, type ProcessClock } from './process-clock.js'
import { createSeeded, type Seeded } from './seeded.js'
import { createWay, type Way } from './stores.js'

interface Payload {
  readonly k: string | null
  readonly n: number
}

interface Consumption {
  readonly plan: GroupPlan
  /** Name in the history: one life of one subscription. */
  readonly name: string
  readonly handling: ReturnType<typeof createHandling>
  subscription: Subscription | undefined
  stream: DeliveryStream | undefined
  closing: boolean
}

interface Instance {
  readonly name: string
  readonly clock: ProcessClock
  readonly ways: Way[]
  readonly consumptions: Consumption[]
  messaging: Messaging | undefined
  ready: boolean
  /** Killed: nothing of it may go on. */
  dead: boolean
  closed: boolean
  closing: boolean
  frozen: boolean
}

/** What a run found wrong; empty when all is well. */
export interface Found {
  readonly problems: readonly string[]
  readonly plan: Plan
  readonly trace: readonly string[]
}

const publisherName = 'publisher'
/** After the deadline of close: stored, leave the group, flush, leave the broker, one second each. */
const goodbyesMs = 4_000
const mostMs = 600_000

/** One run: a time of faults, then peace, in which everything has to be handled. */
export async function runSeed(seed: number, verbose = false): Promise<Found> {
  const insides = watchInsides()
  jitter.value = (seed % 97) / 97
  try {
    return await new World(seed, insides, verbose).run()
  } finally {
    jitter.value = undefined
    insides.stop()
  }
}

class World {
  readonly #random: Seeded
  readonly #plan: Plan
  readonly #clock: SimulatedClock
  readonly #broker: MemoryBroker
  readonly #recorder: Recorder
  readonly #insides: Insides
  readonly #problems: string[] = []
  readonly #trace: string[] = []
  readonly #instances: Instance[] = []
  readonly #failures = new Map<string, Map<string, number>>()
  readonly #stores = new Map<string, IdempotencyStore>()
  readonly #topics: Readonly<Record<'orders' | 'notes', Topic<Payload, Payload>>>
  readonly #dead = new Set<string>()
  readonly #closed = new Set<string>()
  #publisher: Messaging | undefined
  #named = 0
  #batches = 0
  #sent = 0
  #open = 0
  #quiet = false
  #stopped = false
  /** A message may lie at the broker twice. */
  #copied = false

  constructor(seed: number, insides: Insides, verbose: boolean) {
    this.#random = createSeeded(seed)
    this.#plan = makePlan(this.#random)
    this.#insides = insides
    this.#clock = createSimulatedClock()
    const { like, holdMs, sessionMs, partitions } = this.#plan
    this.#broker = createMemoryBroker({
      ...{ like, clock: this.#clock, sessionMs, heartbeatMs: 300 },
      ...(holdMs === undefined ? {} : { holdMs }),
    })
    this.#recorder = createRecorder({
      now: () => this.#clock.monotonic(),
      ...(verbose ? { onLine: (line: string) => this.#trace.push(line) } : {}),
    })
    this.#topics = {
      orders: defineTopic('orders', {
        schema: unchecked<Payload>(),
        key: (payload) => payload.k,
        partitions,
      }),
      notes: defineTopic('notes', { schema: unchecked<Payload>() }),
    }
  }

  async run(): Promise<Found> {
    try {
      await this.#faultyTime()
      await this.#peace()
      await this.#closeAll()
      this.#judge()
    } catch (error) {
      this.#problems.push(
        `the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    }
    return { problems: [...this.#insides.faults, ...this.#problems], plan: this.#plan, trace: this.#trace }
  }

  // ------------------------------------------------------------------------------------------------------------ the course

  async #faultyTime(): Promise<void> {
    const { groups, instances, steps } = this.#plan
    const opening = openMessaging({
      adapter: memory({ broker: this.#broker }),
      clock: this.#clock,
      clientName: publisherName,
    })
    await this.#clock.advance(10)
    this.#publisher = await opening
    this.#publisher.on('connection', ({ side, state }) => {
      const kind = state === 'lost' || state === 'connecting' ? 'connection-lost' : 'connection-restored'
      if (side === 'publish') this.#recorder.fault({ kind, instance: publisherName })
    })
    // The groups exist before the first publish.
    const specs = (['orders', 'notes'] as const).map((topic) => ({
      topic: this.#topics[topic],
      groups: groups
        .filter((group) => group.topic === topic)
        .map(({ group, ordered }) => ({ name: group, order: ordered ? ('key' as const) : ('none' as const) })),
    }))
    const provisioning = this.#publisher.provision(specs)
    await this.#clock.advance(10)
    await provisioning
    for (let index = 0; index < instances; index += 1) this.#join()
    this.#broker.control.onSend(connectionLike(this.#sendRule))
    for (let step = 0; step < steps; step += 1) {
      this.#step()
      await this.#clock.advance(this.#random.pick([0, 1, 5, 20, 60, 200, 500]))
    }
  }

  async #peace(): Promise<void> {
    this.#quiet = true
    this.#note('peace')
    const { control } = this.#broker
    if (this.#stopped) this.#startBroker()
    for (const instance of this.#living()) {
      for (const way of instance.ways) way.mood = 'quick'
      if (instance.frozen) this.#thaw(instance)
      if (instance.messaging !== undefined) this.#controlOf(instance)?.restore()
    }
    // What a thawed process has lost it hears before anything else.
    await this.#clock.advance(1)
    for (const { consumptions } of this.#living()) for (const { subscription } of consumptions) subscription?.resume()
    if (this.#living().every(({ closing }) => closing)) this.#join()
    for (let index = 0; index < 5; index += 1) this.#publish()
    const release = (): void => {
      for (const { consumptions } of this.#living())
        for (const { subscription } of consumptions) if ((subscription?.held().length ?? 0) > 0) subscription?.release()
      stopReleasing = this.#clock.after(100, release)
    }
    let stopReleasing = this.#clock.after(100, release)
    const drained = (): boolean =>
      this.#open === 0 &&
      this.#plan.groups.every(({ topic, group }) => control.depth({ topic, group }) === 0) &&
      this.#living().every(({ ready, closing }) => ready && !closing)
    try {
      await this.#clock.runUntil(drained, mostMs)
    } catch (error) {
      this.#problems.push(`it did not drain: ${String(error)}; ${this.#state()}`)
      return
    } finally {
      stopReleasing()
    }
    // Handlers that go on without their delivery end too, and so do delays of lanes.
    await this.#clock.advance(10_000)
    this.#problems.push(...this.#insides.restless(this.#dead, this.#closed).map((text) => `not at rest: ${text}`))
    for (const { name, consumptions } of this.#living()) {
      for (const { plan, subscription } of consumptions) {
        const { running = 0, waiting = 0, held = 0 } = subscription?.stats() ?? {}
        if (running + waiting + held > 0)
          this.#problems.push(`${name} ${plan.group}: running ${running}, waiting ${waiting}, held ${held}`)
      }
    }
  }

  async #closeAll(): Promise<void> {
    for (const instance of this.#living()) this.#close(instance, this.#random.pick([0, 500, 25_000]))
    let closed = false
    void this.#publisher?.close().then(() => {
      closed = true
    })
    try {
      await this.#clock.runUntil(() => closed && this.#living().length === 0, mostMs)
    } catch (error) {
      this.#problems.push(`close did not end: ${String(error)}`)
    }
    for (const { name, clock, dead } of this.#instances)
      if (!dead && clock.pending > 0) this.#problems.push(`${clock.pending} timers of ${name} wait after its close`)
  }

  #judge(): void {
    const { groups } = this.#plan
    for (const { topic, group } of groups) {
      const letters = new Set(this.#broker.control.deadLetters({ topic, group }).map(({ id }) => id as string))
      for (const id of letters) this.#recorder.deadLetterSeen({ topic, id, group })
    }
    const report = checkHistory(this.#recorder.history(), {
      groups: groups.map(({ topic, group }) => ({ topic, group })),
      allowOverlapAfterLoss: true,
      // A dead letter may need a while until it is stored, and then the end of the original.
      storeMs: 1_000,
      unorderedGroups: groups.filter(({ ordered }) => !ordered).map(({ group }) => group),
    })
    // A copy that was stored though its original came again is a second message that the checker cannot know of.
    const copied = groups.filter(({ options }) => options.retry !== false && options.retry?.placement === 'delayed')
    const isCopy = ({ kind, text }: Violation): boolean =>
      (kind === 'duplicated' || kind === 'overlapping-message') &&
      copied.some(({ group }) => text.endsWith(`in group ${group}`))
    // In a batch a message stands before the next of its key, and comes again after it when the batch was not done with it.
    const batched = groups.filter(({ form }) => form === 'batch')
    const isBatchAgain = ({ kind, text }: Violation): boolean =>
      kind === 'out-of-order' &&
      text.includes(' ran again ') &&
      batched.some(({ group }) => text.endsWith(`in group ${group}`))
    // Two copies of which one was dead-lettered: its end is not told by the letter alone.
    const isLetterOfCopy = ({ kind, text, ids }: Violation): boolean =>
      kind === 'out-of-order' &&
      this.#copied &&
      groups.some(
        ({ topic, group }) =>
          text.endsWith(`in group ${group}`) &&
          this.#broker.control.deadLetters({ topic, group }).some(({ id }) => id === ids[1]),
      )
    const isExplained = (violation: Violation): boolean =>
      isCopy(violation) || isBatchAgain(violation) || isLetterOfCopy(violation)
    const violations = report.violations.filter((violation) => !isExplained(violation))
    if (violations.length > 0) this.#problems.push(formatReport({ ...report, violations }))
    if (report.counts.confirmed === 0) this.#problems.push('nothing was published')
  }

  // ------------------------------------------------------------------------------------------------------------ the steps

  #step(): void {
    const random = this.#random
    const { control } = this.#broker
    const dice = random.next()
    if (dice < 0.4) {
      for (let count = random.int(1, 8); count > 0; count -= 1) this.#publish()
      return
    }
    const usable = this.#living().filter(({ ready, closing }) => ready && !closing)
    const instance = usable.length === 0 ? undefined : random.pick(usable)
    if (dice < 0.44) {
      if (this.#living().length < 4) this.#join()
      return
    }
    if (dice < 0.48) {
      if (this.#stopped) this.#startBroker()
      else this.#stopBroker()
      return
    }
    if (dice < 0.5) {
      const { topic, group } = random.pick(this.#plan.groups)
      this.#note(`hold of ${group} expires`)
      control.expireHold({ topic, group })
      return
    }
    if (instance === undefined) return
    const { name, consumptions } = instance
    const own = this.#controlOf(instance)
    if (own === undefined) return
    const unreported = random.pick(['half', 'stored', 'lost'] as const)
    if (dice < 0.57) {
      if (instance.frozen) return
      this.#note(`drop ${name}`)
      this.#recorder.fault({ kind: 'connection-lost', instance: name })
      own.drop({ unreported, side: random.pick([undefined, 'consume', 'publish'] as const) })
      this.#recorder.fault({ kind: 'connection-restored', instance: name })
    } else if (dice < 0.62) {
      if (instance.frozen) this.#thaw(instance)
      else {
        this.#note(`freeze ${name}`)
        this.#eachLife(instance, 'connection-lost')
        own.freeze()
        instance.clock.freeze()
        instance.frozen = true
      }
    } else if (dice < 0.65) this.#kill(instance, own)
    else if (dice < 0.7) {
      if (this.#living().length > 1) this.#close(instance, random.pick([0, 30, 300, 25_000]))
    } else if (dice < 0.76) {
      const { topic, group } = random.pick(this.#plan.groups)
      const moved = control.handOver(
        { topic, group },
        random.int(0, 3) % (topic === 'orders' ? this.#plan.partitions : 1),
        name,
        {
          deadlineMs: random.pick([0, 20, 200, 2_000]),
        },
      )
      if (moved) this.#note(`hand over ${group} to ${name}`)
    } else if (dice < 0.82) {
      for (const way of instance.ways) way.mood = random.pick(['quick', 'slow', 'down'] as const)
    } else {
      const { subscription } = random.pick(consumptions)
      if (subscription === undefined || instance.frozen) return
      if (dice < 0.9) {
        if (subscription.state === 'paused') subscription.resume()
        else subscription.pause()
        this.#note(`${subscription.state} ${name} ${subscription.group}`)
      } else subscription.release()
    }
  }

  #sendRule = (attempt: { readonly clientName: string; readonly destination: { readonly to: string } }) => {
    if (this.#quiet) return undefined
    const random = this.#random
    const { to } = attempt.destination
    const dice = random.next()
    if (dice > 0.12) return undefined
    if (to === 'topic') {
      if (dice < 0.01) return 'refuse' as const
      if (dice < 0.06) {
        // What may lie twice: the checker has to know that it was in doubt.
        this.#recorder.fault({ kind: 'connection-lost', instance: publisherName })
        this.#recorder.fault({ kind: 'connection-restored', instance: publisherName })
        return this.#inDoubt() === 'lost' ? 'uncertain-lost' : 'uncertain-stored'
      }
      return { delayMs: random.int(1, 100) }
    }
    if (to === 'group') return dice < 0.06 ? ('refuse' as const) : ('uncertain-lost' as const)
    if (dice < 0.05) return 'refuse' as const
    return random.pick(['uncertain-stored', 'uncertain-lost', { delayMs: 300 }] as const)
  }

  #publish(): void {
    const random = this.#random
    const topic = random.pick(this.#plan.groups).topic
    const k = topic === 'orders' && random.chance(0.93) ? `k${random.int(0, random.pick([1, 6]))}` : null
    const id = `m${this.#sent}`
    this.#sent += 1
    const publish = this.#recorder.publishInvoked({ topic, id, instance: publisherName, key: k })
    this.#open += 1
    const ended = (result: 'ok' | 'uncertain' | 'refused') => (): void => {
      this.#open -= 1
      this.#recorder.publishEnded(publish, result)
    }
    this.#publisher?.publish(this.#topics[topic], { k, n: this.#sent }, { id }).then(ended('ok'), (error: unknown) => {
      ended(isSluiceError(error) && error.code === 'UNCERTAIN' ? 'uncertain' : 'refused')()
    })
  }

  #join(): void {
    this.#named += 1
    const name = `i${this.#named}`
    this.#note(`join ${name}`)
    const clock = createProcessClock(this.#clock)
    const instance: Instance = {
      ...{ name, clock, ways: [], consumptions: [], messaging: undefined },
      ...{ ready: false, dead: false, closed: false, closing: false, frozen: false },
    }
    this.#instances.push(instance)
    this.#open += 1
    this.#begin(instance)
      .catch((error: unknown) => {
        if (!instance.dead && !instance.closing)
          this.#problems.push(
            `${name} could not begin: ${isSluiceError(error) ? `${error.code} ` : ''}${String(error)}`,
          )
      })
      .finally(() => {
        this.#open -= 1
      })
  }

  async #begin(instance: Instance): Promise<void> {
    const { name, clock } = instance
    const messaging = await openMessaging({
      adapter: memory({ broker: this.#broker }),
      clock,
      clientName: name,
      startupTimeoutMs: 300_000,
    })
    instance.messaging = messaging as unknown as Messaging
    messaging.on('claim', ({ topic, group, partition, state }) => {
      if (instance.dead) return
      const scope = { instance: name, topic, group, partition }
      if (state === 'lost') this.#recorder.fault({ kind: 'claim-lost', ...scope })
      // The signal of a run that was overdue has fired before, and says nothing more.
      const runs = instance.consumptions.find(({ plan }) => plan.group === group)?.handling.running(partition)
      if (state === 'revoked' && runs === true) this.#recorder.fault({ kind: 'drain-expired', ...scope })
    })
    messaging.on('deadLetterFailed', ({ topic, group }) => {
      if (!instance.dead) this.#recorder.fault({ kind: 'drain-expired', instance: name, topic, group })
    })
    await Promise.all(this.#plan.groups.map((plan) => this.#consume(instance, plan)))
    instance.ready = true
  }

  async #consume(instance: Instance, plan: GroupPlan): Promise<void> {
    const { name } = instance
    const options: SubscribeBatchOptions = {
      ...plan.options,
      ...(plan.idempotent === undefined
        ? {}
        : { idempotency: { store: this.#wayOf(instance, plan), onStoreDown: plan.idempotent } }),
    }
    const failures = this.#failures.get(plan.group) ?? new Map<string, number>()
    this.#failures.set(plan.group, failures)
    const handling = createHandling({
      ...{ plan, instance: name, clock: instance.clock, random: this.#random, recorder: this.#recorder, failures },
      dead: () => instance.dead,
      quiet: () => this.#quiet,
      fault: (text) => this.#problems.push(`${name}: ${text}`),
      nextBatch: () => (this.#batches += 1),
    })
    const consumption: Consumption = {
      plan,
      name,
      handling,
      subscription: undefined,
      stream: undefined,
      closing: false,
    }
    instance.consumptions.push(consumption)
    const messaging = instance.messaging as Messaging
    const topic = this.#topics[plan.topic]
    if (plan.form === 'single') consumption.subscription = await messaging.subscribe(topic, options, handling.single)
    else if (plan.form === 'batch')
      consumption.subscription = await messaging.subscribeBatch(topic, options, handling.batch)
    else {
      const stream = messaging.stream(topic, options)
      consumption.stream = stream
      const loop = async (): Promise<void> => {
        for await (const delivery of stream) void handling.pulled(delivery)
      }
      void loop()
      consumption.subscription = await stream.subscription
    }
  }

  #wayOf(instance: Instance, plan: GroupPlan): Way {
    const store = this.#stores.get(plan.group) ?? createMemoryStore({ clock: this.#clock, leaseMs: 3_000 })
    this.#stores.set(plan.group, store)
    const { topic, group } = plan
    const way = createWay(store, {
      ...{ clock: instance.clock, random: this.#random },
      dead: () => instance.dead,
      stale: () => this.#recorder.fault({ kind: 'claim-lost', instance: instance.name, topic, group }),
    })
    instance.ways.push(way)
    return way
  }

  #kill(instance: Instance, own: InstanceControl): void {
    const { name, clock } = instance
    this.#note(`kill ${name}`)
    this.#eachLife(instance, 'connection-restored')
    this.#recorder.fault({ kind: 'killed', instance: name })
    instance.dead = true
    this.#dead.add(name)
    clock.kill()
    const noticeMs = this.#random.pick([undefined, 50, 400])
    own.kill(noticeMs === undefined ? {} : { noticeMs })
  }

  #close(instance: Instance, deadlineMs: number): void {
    const { name, messaging } = instance
    if (messaging === undefined || instance.closing || instance.frozen) return
    this.#note(`close ${name} within ${deadlineMs}`)
    instance.closing = true
    for (const { stream, handling } of instance.consumptions) {
      if (stream === undefined || this.#random.chance(0.5)) continue
      handling.stopPulling()
      void stream.close()
    }
    const started = this.#clock.monotonic()
    this.#clock.after(deadlineMs, () => {
      if (!instance.closed && !instance.dead) this.#recorder.fault({ kind: 'drain-expired', instance: name })
    })
    void messaging.close({ deadlineMs }).then((report) => {
      if (instance.dead) return
      const tookMs = this.#clock.monotonic() - started
      this.#note(`closed ${name}: ${JSON.stringify(report)}`)
      if (tookMs > Math.max(deadlineMs, 25_000) + goodbyesMs)
        this.#problems.push(`close of ${name} within ${deadlineMs} took ${tookMs}`)
      this.#recorder.fault({ kind: 'closed', instance: name })
      instance.closed = true
      this.#closed.add(name)
    })
  }

  #thaw(instance: Instance): void {
    this.#note(`thaw ${instance.name}`)
    this.#controlOf(instance)?.thaw()
    instance.clock.thaw()
    instance.frozen = false
    this.#eachLife(instance, 'connection-restored')
  }

  #stopBroker(): void {
    this.#note('stop')
    this.#stopped = true
    for (const instance of this.#living()) this.#eachLife(instance, 'connection-lost')
    this.#recorder.fault({ kind: 'connection-lost', instance: publisherName })
    this.#broker.control.stop({ unreported: this.#inDoubt() })
  }

  /** What became of a publish without an answer. Two copies in one batch, or of one key without order, are more than the checker can tell apart. */
  #inDoubt(): 'half' | 'stored' | 'lost' {
    const plain = this.#plan.groups.every(
      ({ form, topic, ordered }) => form !== 'batch' && (ordered || topic === 'notes'),
    )
    const became = plain ? this.#random.pick(['half', 'stored', 'lost'] as const) : 'lost'
    this.#copied ||= became !== 'lost'
    return became
  }

  #startBroker(): void {
    this.#note('start')
    this.#stopped = false
    this.#broker.control.start()
    for (const instance of this.#living()) this.#eachLife(instance, 'connection-restored')
    this.#recorder.fault({ kind: 'connection-restored', instance: publisherName })
  }

  #eachLife({ name }: Instance, kind: 'connection-lost' | 'connection-restored'): void {
    this.#recorder.fault({ kind, instance: name })
  }

  #living(): Instance[] {
    return this.#instances.filter(({ dead, closed }) => !dead && !closed)
  }

  #controlOf({ name }: Instance): InstanceControl | undefined {
    return this.#broker.control.instances().find(({ clientName }) => clientName === name)
  }

  #note(text: string): void {
    this.#trace.push(`${this.#clock.monotonic()} ${text}`)
  }

  #state(): string {
    const { control } = this.#broker
    const depths = this.#plan.groups.map(({ topic, group }) => `${group} ${control.depth({ topic, group })}`)
    const instances = this.#living().map(
      ({ name, ready, closing, consumptions }) =>
        `${name} ready ${ready} closing ${closing} ${consumptions.map(({ plan, subscription }) => `${plan.group} ${subscription?.state} ${JSON.stringify(subscription?.stats())}`).join(' ')}`,
    )
    return [`${this.#open} open`, ...depths, ...instances, ...this.#insides.restless(this.#dead, this.#closed)].join(
      '; ',
    )
  }
}
