import { silentLogger } from '../../src/model/logger.js'
import type { Clock } from '../../src/model/clock.js'
import type { Adapter, Side, SideState } from '../../src/spi/adapter.js'
import { isAdapterError, type AdapterError } from '../../src/spi/adapter-error.js'
import type { Claim, Consumer, ConsumeRequest, ConsumeSink, Notice } from '../../src/spi/consuming.js'
import type { Inbound, Outbound } from '../../src/spi/envelope.js'
import type { Destination, SendResult } from '../../src/spi/sending.js'
import { createMemoryBroker, createSimulatedClock, memory } from '../../src/memory/index.js'
import type { MemoryBroker, MemoryBrokerOptions, MemoryLike, SimulatedClock } from '../../src/memory/index.js'

/** A signal that never fires. */
export const never: AbortSignal = new AbortController().signal

const encoder = new TextEncoder()

export function message(id: string, overrides: Partial<Outbound> = {}): Outbound {
  const body = encoder.encode(`{"id":"${id}"}`)
  return {
    key: null,
    body,
    type: undefined,
    correlationId: undefined,
    headers: [],
    bytes: body.length + 64,
    id,
    contentType: 'application/json',
    timestampMs: 1_000,
    ...overrides,
  }
}

export const ids = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `m${from + index}`)

/** What the other side of the SPI does, as little as possible: it keeps what it is handed and says what it is told. */
export class FakeSink implements ConsumeSink {
  readonly claims: Claim[] = []
  readonly deliveries: Inbound[] = []
  readonly batches: number[] = []
  readonly gone: { readonly claims: readonly Claim[]; readonly cause: AdapterError }[] = []
  readonly failures: AdapterError[] = []
  readonly notices: Notice[] = []
  readonly asked: {
    readonly claims: readonly Claim[]
    readonly deadlineMs: number
    readonly letGo: () => void
    readonly resolve: () => void
  }[] = []
  /** Everything in the order it came. */
  readonly log: string[] = []
  /** Set from outside: what to do with each delivery. */
  onDelivery: ((delivery: Inbound) => void) | undefined
  /** Whether hand-overs wait for `letGo`. */
  holdRevocations = false
  /** More than zero while a method of the adapter runs: then no callback may come. */
  inside = 0

  claimed(claim: Claim): void {
    this.#outside()
    this.log.push(`claimed ${claim.partition}`)
    this.claims.push(claim)
  }

  deliver(claim: Claim, deliveries: readonly Inbound[]): void {
    this.#outside()
    if (!this.claims.includes(claim)) throw new Error('delivered under a claim that was never claimed')
    if (deliveries.some((delivery) => delivery.claim !== claim)) throw new Error('delivery of another claim')
    this.batches.push(deliveries.length)
    for (const delivery of deliveries) {
      this.log.push(`delivered ${delivery.id}`)
      this.deliveries.push(delivery)
      this.onDelivery?.(delivery)
    }
  }

  revoking(claims: readonly Claim[], deadlineMs: number): Promise<void> {
    this.#outside()
    this.log.push(`revoking ${partitionsOf(claims)}`)
    return new Promise((resolve) => {
      const letGo = (): void => {
        for (const claim of claims) this.#forget(claim)
        resolve()
      }
      this.asked.push({ claims, deadlineMs, letGo, resolve })
      if (!this.holdRevocations) letGo()
    })
  }

  lost(claims: readonly Claim[], cause: AdapterError): void {
    this.#outside()
    this.log.push(`lost ${partitionsOf(claims)}`)
    for (const claim of claims) this.#forget(claim)
    this.gone.push({ claims, cause })
  }

  failed(cause: AdapterError): void {
    this.#outside()
    this.log.push(`failed ${cause.code}`)
    this.failures.push(cause)
  }

  noticed(notice: Notice): void {
    this.#outside()
    this.log.push(`noticed ${notice.kind}`)
    this.notices.push(notice)
  }

  get received(): (string | undefined)[] {
    return this.deliveries.map((delivery) => delivery.id)
  }

  get partitions(): number[] {
    return this.claims.map((claim) => claim.partition).sort((a, b) => a - b)
  }

  find(id: string): Inbound {
    const delivery = this.deliveries.findLast((one) => one.id === id)
    if (delivery === undefined) throw new Error(`${id} was not delivered; there are ${this.received.join(' ')}`)
    return delivery
  }

  #forget(claim: Claim): void {
    const index = this.claims.indexOf(claim)
    if (index < 0) throw new Error(`partition ${claim.partition} is taken away without having been claimed`)
    this.claims.splice(index, 1)
  }

  #outside(): void {
    if (this.inside > 0) throw new Error('called back in the call stack of a call')
  }
}

const partitionsOf = (claims: readonly Claim[]): string => claims.map((claim) => claim.partition).join(' ')

/** One process with an adapter in it. */
export interface Instance {
  readonly name: string
  readonly adapter: Adapter
  readonly states: string[]
  readonly routeChanges: string[]
  readonly causes: AdapterError[]
  /** Sends one batch; the array fills up with what is reported. */
  send(
    destination: string | Destination,
    messages: readonly (string | Outbound)[],
    options?: SendOptions,
  ): (SendResult | undefined)[]
  consume(
    request?: Partial<ConsumeRequest>,
    sink?: FakeSink,
  ): Promise<{ readonly consumer: Consumer; readonly sink: FakeSink }>
}

export interface SendOptions {
  readonly partition?: number
  readonly resend?: boolean
  /** @default practically for ever */
  readonly timeoutMs?: number
}

export interface Bench<L extends MemoryLike = MemoryLike> {
  readonly clock: SimulatedClock
  readonly broker: MemoryBroker<L>
  instance(name?: string): Promise<Instance>
  topic(
    name?: string,
    options?: { readonly keyed?: boolean; readonly partitions?: number; readonly groups?: readonly string[] },
  ): Promise<void>
  /** Time for everything that was asked for, and none passes. */
  settle(): Promise<void>
}

export const defaultGroup = { topic: 'orders', group: 'billing' } as const

/** A broker under simulated time. */
export function createBench<const L extends MemoryLike>(like: L, options: MemoryBrokerOptions<L> = {}): Bench<L> {
  const clock = createSimulatedClock()
  const broker = createMemoryBroker<L>({ ...options, like, clock })
  const settle = async (): Promise<void> => clock.advance(0)
  let admin: Instance | undefined

  const instance = async (name = 'one'): Promise<Instance> => {
    const opened = openInstance(memory({ broker }), name, clock)
    await opened.ready
    return opened
  }
  return {
    clock,
    broker,
    instance,
    settle,
    topic: async (name = 'orders', { keyed = false, partitions, groups = ['billing'] } = {}) => {
      admin ??= await instance('admin')
      const order = keyed ? ('key' as const) : ('none' as const)
      const specs = groups.map((group) => ({ name: group, order, from: 'creation' as const, durableDelays: true }))
      await admin.adapter.provision({ topics: [{ name, keyed, partitions, groups: specs }] }, 'declare', never)
    },
  }
}

function openInstance(adapter: Adapter, name: string, clock: Clock): Instance & { readonly ready: Promise<void> } {
  const states: string[] = []
  const causes: AdapterError[] = []
  const routeChanges: string[] = []
  const context = {
    clientName: name,
    clock,
    log: silentLogger,
    state: (side: Side, state: SideState, cause?: AdapterError) => {
      states.push(`${side} ${state}`)
      if (cause !== undefined) causes.push(cause)
    },
    routeChanged: (topic: string) => void routeChanges.push(topic),
  }
  return {
    name,
    adapter,
    states,
    causes,
    routeChanges,
    ready: adapter.open(context, never),
    send: (to, messages, { partition = 0, resend = false, timeoutMs = 1e9 } = {}) => {
      const results: (SendResult | undefined)[] = messages.map(() => undefined)
      const envelopes = messages.map((one) => (typeof one === 'string' ? message(one) : one))
      const destination: Destination = typeof to === 'string' ? { to: 'topic', topic: to } : to
      let inside = true
      const report = (index: number, result: SendResult): void => {
        if (inside) throw new Error('reported in the call stack of send')
        if (results[index] !== undefined) throw new Error(`message ${index} was reported twice`)
        results[index] = result
      }
      adapter.send({ destination, partition, envelopes, resend, timeoutMs, report })
      inside = false
      return results
    },
    consume: async (request = {}, sink = new FakeSink()) => {
      const full: ConsumeRequest = {
        group: defaultGroup,
        order: 'none',
        from: 'creation',
        onPositionLost: 'fail',
        window: { messages: 1_000, bytes: 2 ** 26 },
        drainMs: 20_000,
        ...request,
      }
      const consumer = await adapter.consume(full, sink, never)
      return { consumer: guarded(consumer, sink), sink }
    },
  }
}

/** A consumer whose sink notices when it is called back from within a call. */
function guarded(consumer: Consumer, sink: FakeSink): Consumer {
  return new Proxy(consumer, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        sink.inside += 1
        try {
          return Reflect.apply(value, target, args) as unknown
        } finally {
          sink.inside -= 1
        }
      }
    },
  })
}

export const kinds = (results: readonly (SendResult | undefined)[]): (string | undefined)[] =>
  results.map((result) => result?.kind)

/** The code with which a promise is rejected, or what it resolved to instead. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `resolved: ${String(await promise)}`
  } catch (error) {
    return isAdapterError(error) ? error.code : `no adapter error: ${String(error)}`
  }
}
