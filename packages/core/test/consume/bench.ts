import { createDecoder } from '../../src/consume/decode.js'
import { Iterate } from '../../src/consume/iterate.js'
import { invokeBatch, invokeSingle, type Invoke, type InvokeOne } from '../../src/consume/invoke.js'
import type { SubscribeBatchOptions } from '../../src/consume/options.js'
import { resolveOptions } from '../../src/consume/resolve-options.js'
import { CoreSubscription } from '../../src/consume/subscription.js'
import type { Copy } from '../../src/failure/copy-sender.js'
import { SoloLock } from '../../src/failure/crash-guard.js'
import { createSimulatedClock, type SimulatedClock } from '../../src/kit/simulated-clock.js'
import { memoryCapabilities } from '../../src/memory/capabilities.js'
import type { BatchHandler, Delivery, Handler } from '../../src/model/delivery.js'
import { createEmitter, type Emitter } from '../../src/model/emitter.js'
import { silentLogger } from '../../src/model/logger.js'
import type { Message } from '../../src/model/message.js'
import type { Middleware } from '../../src/model/middleware.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import type { Adapter } from '../../src/spi/adapter.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { Claim, Consumer, ConsumeSink } from '../../src/spi/consuming.js'
import type { Inbound } from '../../src/spi/envelope.js'

export interface BenchOptions extends Omit<Partial<SubscribeBatchOptions>, 'order'> {
  readonly order?: 'key' | 'none'
  readonly like?: 'queue' | 'log'
  readonly middleware?: readonly Middleware[]
}

/** What a delivery may say of its past. */
export type Past = Partial<Pick<Inbound, 'failures' | 'handovers' | 'starts'>>

/** One subscription between a test that plays the adapter and a handler of the test. */
export interface Bench {
  readonly clock: SimulatedClock
  readonly subscription: CoreSubscription
  readonly emitter: Emitter
  readonly sink: ConsumeSink
  /** What core has told the consumer: `done a`, `giveBack a`, `rewind`, `start a 1`, … */
  readonly said: string[]
  readonly copies: Copy[]
  /** How the next copies end. @default stored */
  sendCopy: () => Promise<void>
  /** How the next starts are recorded. @default at once */
  recordStart: () => Promise<void>
  claim(options?: Partial<Claim>): Claim
  /** Ids in order; `a@k` has the key `k`. */
  deliver(claim: Claim, ids: readonly string[], past?: Past): void
  lose(...claims: Claim[]): void
  settle(): Promise<void>
}

const ref = { topic: 'orders', group: 'mail' }

/** Handlers of single deliveries. */
export const single =
  (handler: Handler<Message>) =>
  (middleware: readonly Middleware[]): Invoke =>
    invokeSingle(handler, middleware)
/** Handlers of batches. */
export const batch =
  (handler: BatchHandler<Message>) =>
  (middleware: readonly Middleware[]): Invoke =>
    invokeBatch(handler, middleware)

export async function createBench(
  form: (middleware: readonly Middleware[]) => Invoke,
  options: BenchOptions = {},
): Promise<Bench> {
  const { like = 'queue', middleware = [], ...given } = options
  const clock = createSimulatedClock()
  const emitter = createEmitter(silentLogger)
  const said: string[] = []
  const copies: Copy[] = []
  const topic = defineTopic('orders', { schema: unchecked<unknown>(), key: () => null })
  const capabilities = memoryCapabilities(like)
  const batched = 'maxSize' in given
  const resolved = resolveOptions({ group: 'mail', ...given } as SubscribeBatchOptions, {
    topic,
    capabilities,
    adapter: 'fake',
    batch: batched,
  })
  const tell =
    (text: string) =>
    (delivery: Inbound, number?: number): Promise<void> => {
      said.push(`${text} ${delivery.id}${number === undefined || text === 'giveBack' ? '' : ` ${number}`}`)
      return Promise.resolve()
    }
  const consumer: Consumer = {
    done: (delivery) => void tell('done')(delivery),
    giveBack: (delivery, delayMs) => void tell('giveBack')(delivery, delayMs),
    rewind: () => {
      said.push('rewind')
      return Promise.resolve()
    },
    recordStart: async (delivery, starts) => {
      await tell('start')(delivery, starts)
      await bench.recordStart()
      // As an adapter does that keeps its own count up to date.
      Object.assign(delivery, { starts })
    },
    pause: () => said.push('pause'),
    resume: () => said.push('resume'),
    stored: () => Promise.resolve(),
    unstored: 0,
    buffered: { messages: 0, bytes: 0 },
    stop: () => Promise.resolve(),
    close: () => {
      said.push('close')
      return Promise.resolve()
    },
  }
  let sink: ConsumeSink | undefined
  const adapter = {
    capabilities,
    consume: (_: unknown, given: ConsumeSink) => {
      sink = given
      return Promise.resolve(consumer)
    },
  } as unknown as Adapter
  const subscription = new CoreSubscription({
    ...{ ref, options: resolved, adapter, clock, log: silentLogger, emitter, tracer: undefined, solo: new SoloLock() },
    copies: {
      send: (copy) => {
        copies.push(copy)
        return bench.sendCopy()
      },
    },
    decode: createDecoder(topic, []),
    invoke: form(middleware),
    closing: undefined,
    maxMessageBytes: () => 1_000_000,
    ended: () => undefined,
  })
  let epoch = 0
  const bench: Bench = {
    ...{ clock, subscription, emitter, said, copies },
    sendCopy: () => Promise.resolve(),
    recordStart: () => Promise.resolve(),
    get sink() {
      return sink as ConsumeSink
    },
    claim: (fields = {}) => {
      epoch += 1
      const claim: Claim = { partition: 0, epoch, exclusive: true, holdMs: Infinity, ...fields }
      bench.sink.claimed(claim)
      return claim
    },
    deliver: (claim, ids, past = {}) => {
      bench.sink.deliver(
        claim,
        ids.map((text) => inbound(claim, text, past)),
      )
    },
    lose: (...claims) => bench.sink.lost(claims, adapterError('DISCONNECTED', 'cut')),
    settle: () => clock.advance(0),
  }
  await subscription.begin(new AbortController().signal)
  return bench
}

function inbound(claim: Claim, text: string, past: Past): Inbound {
  const [id = '', key] = text.split('@')
  return {
    ...{
      claim,
      id,
      key: key === undefined ? null : new TextEncoder().encode(key),
      body: new TextEncoder().encode('1'),
    },
    ...{ type: undefined, correlationId: undefined, headers: [], bytes: 10, position: undefined },
    ...{ contentType: 'application/json', timestampMs: 0, failures: 0, handovers: 0, starts: 0, core: undefined },
    ...past,
  }
}

/** A handler that stays open until the test ends it, by id; for a batch, by the id of its first member. */
export interface Manual {
  /** Ids of each call, joined with `+`, with the attempt when it is not the first. */
  readonly calls: string[]
  readonly deliveries: Map<string, Delivery>
  readonly single: Handler<Message>
  readonly batch: BatchHandler<Message>
  end(id: string): void
  fail(id: string): void
}

export function createManual(): Manual {
  const calls: string[] = []
  const deliveries = new Map<string, Delivery>()
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>()
  const open = (members: readonly Delivery[]): Promise<void> => {
    calls.push(members.map(({ message, attempt }) => `${message.id}${attempt === 1 ? '' : `#${attempt}`}`).join('+'))
    for (const member of members) deliveries.set(member.message.id, member)
    return new Promise((resolve, reject) => {
      ends.set(members[0]?.message.id ?? '', { resolve, reject })
    })
  }
  return {
    calls,
    deliveries,
    single: (_, delivery) => open([delivery]),
    batch: (members) => open(members),
    end: (id) => ends.get(id)?.resolve(),
    fail: (id) => ends.get(id)?.reject(new Error(`${id} failed`)),
  }
}

/** The pull form. */
export function createPulling(): {
  readonly form: () => Invoke
  readonly stream: () => Iterate
  begun(b: Bench): void
} {
  let invoke: InvokeOne = () => undefined
  let begin: (subscription: CoreSubscription) => void = () => undefined
  const subscription = new Promise<CoreSubscription>((resolve) => {
    begin = resolve
  })
  const stream = new Iterate((given) => {
    invoke = given
    return subscription
  })
  return {
    form: () => ({ batch: false, call: (delivery) => invoke(delivery) }),
    stream: () => stream,
    begun: (b) => begin(b.subscription),
  }
}
