import { adapterError, type AdapterError } from '../../src/spi/adapter-error.js'
import type { Adapter } from '../../src/spi/adapter.js'
import type { Outbound } from '../../src/spi/envelope.js'
import type { Destination, Route, SendBatch, SendResult } from '../../src/spi/sending.js'
import type { ProvisionMode, Topology, TopologyItem, TopologyReport } from '../../src/spi/topology.js'
import type { Capabilities } from '../../src/spi/capabilities.js'

/** One message at the broker, in the order of storing. */
export interface Stored {
  readonly destination: Destination
  readonly partition: number
  readonly envelope: Outbound
  readonly resend: boolean
}

/** What happens to one message of a batch. `drop`: written into nothing and reported never. */
export interface Fate {
  readonly isStored: boolean
  readonly result: SendResult | 'never'
}

export const stored: Fate = { isStored: true, result: { kind: 'stored' } }
export const refused = (code: AdapterError['code'] = 'REFUSED'): Fate => ({
  isStored: false,
  result: { kind: 'refused', error: adapterError(code, `the broker says ${code}`) },
})
export const uncertain = (isStored: boolean): Fate => ({
  isStored,
  result: { kind: 'uncertain', error: adapterError('DISCONNECTED', 'the connection broke', { retryable: true }) },
})
export const silent = (isStored: boolean): Fate => ({ isStored, result: 'never' })

export interface FakeBrokerOptions {
  readonly partitions?: number
  readonly maxMessageBytes?: number
  readonly outstanding?: Route['outstanding']
  readonly provisioning?: Capabilities['provisioning']
  /** Decides about each message of each batch. @default everything is stored */
  readonly fate?: (envelope: Outbound, index: number, batch: SendBatch) => Fate
  /** Runs the reports of a batch; every report is a function. @default all of them, in order, in the next turn of the event loop */
  readonly deliver?: (reports: readonly (() => void)[]) => void
}

const capabilities: Capabilities = {
  ...{ routing: 'log', replay: false, keyedOrder: true, giveBack: 'single', giveBackDelay: false, groupAddress: true },
  ...{ durableDelay: true, attemptRecord: false, provisioning: 'declare', byteWindow: true, notes: {} },
}

/** The sending half of a broker in memory, with every misfortune that a test asks for. */
export class FakeBroker implements Pick<Adapter, 'route' | 'provision' | 'send'> {
  readonly spi = 1 as const
  readonly name = 'fake'
  readonly capabilities: Capabilities
  readonly log: Stored[] = []
  readonly batches: SendBatch[] = []
  readonly provisioned: { readonly topology: Topology; readonly mode: ProvisionMode }[] = []
  readonly routed: string[] = []
  /** What is reported at most: messages and batches that were out at once in one stream. */
  mostOut = { batches: 0, messages: 0 }
  violations: string[] = []
  route_: Route
  fate: NonNullable<FakeBrokerOptions['fate']>
  deliver: NonNullable<FakeBrokerOptions['deliver']>
  /** Answers of the next calls of `route` and `provision`, before the regular ones. */
  failures: Error[] = []
  items: readonly TopologyItem[] = []
  #out = new Map<string, { batches: number; messages: number; bytes: number; open: number[] }>()

  constructor(options: FakeBrokerOptions = {}) {
    const { partitions = 1, maxMessageBytes = 1 << 20 } = options
    const { outstanding = { batches: 4, messages: 256, bytes: 1 << 20 } } = options
    this.capabilities = { ...capabilities, provisioning: options.provisioning ?? 'declare' }
    this.route_ = { partitions, maxMessageBytes, outstanding }
    this.fate = options.fate ?? (() => stored)
    this.deliver =
      options.deliver ??
      ((reports) => {
        setImmediate(() => {
          for (const report of reports) report()
        })
      })
  }

  /** All of an adapter that publishing needs. */
  get adapter(): Adapter {
    return this as unknown as Adapter
  }

  async route(topic: string, signal: AbortSignal): Promise<Route> {
    signal.throwIfAborted()
    this.routed.push(topic)
    await this.#answer()
    return this.route_
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    signal.throwIfAborted()
    this.provisioned.push({ topology, mode })
    await this.#answer()
    return { items: this.items }
  }

  async #answer(): Promise<void> {
    await Promise.resolve()
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
  }

  send(batch: SendBatch): void {
    this.batches.push(batch)
    const name = JSON.stringify([batch.destination, batch.partition])
    const out = this.#out.get(name) ?? { batches: 0, messages: 0, bytes: 0, open: [] }
    this.#out.set(name, out)
    const { outstanding } = this.route_
    const bytes = batch.envelopes.reduce((sum, envelope) => sum + envelope.bytes, 0)
    out.batches += 1
    out.messages += batch.envelopes.length
    out.bytes += bytes
    if (batch.envelopes.length === 0) this.violations.push('an empty batch')
    if (out.batches > outstanding.batches) this.violations.push(`${out.batches} batches out`)
    if (out.messages > outstanding.messages) this.violations.push(`${out.messages} messages out`)
    if (out.bytes > outstanding.bytes && out.messages > 1) this.violations.push(`${out.bytes} bytes out`)
    if (batch.resend && out.batches > 1) this.violations.push('a resend beside something that is out')
    this.mostOut = {
      batches: Math.max(this.mostOut.batches, out.batches),
      messages: Math.max(this.mostOut.messages, out.messages),
    }
    let left = batch.envelopes.length
    const reports: (() => void)[] = []
    for (const [index, envelope] of batch.envelopes.entries()) {
      const { isStored, result } = this.fate(envelope, index, batch)
      const { destination, partition, resend } = batch
      if (isStored) this.log.push({ destination, partition, envelope, resend })
      if (result === 'never') continue
      reports.push(() => {
        left -= 1
        out.messages -= 1
        out.bytes -= envelope.bytes
        if (left === 0) out.batches -= 1
        batch.report(index, result)
      })
    }
    this.deliver(reports)
  }

  /** Ids at the broker, each where it was stored first. */
  firsts(): readonly string[] {
    return [...new Set(this.log.map(({ envelope }) => envelope.id))]
  }
}
