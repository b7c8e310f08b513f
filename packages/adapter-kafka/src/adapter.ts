import {
  adapterError,
  type Adapter,
  type AdapterContext,
  type AdapterError,
  type Consumer,
  type ConsumeRequest,
  type ConsumeSink,
  type DeadLetterBox,
  type Finding,
  type GroupMeasure,
  type GroupRef,
  type ProvisionMode,
  type Route,
  type SendBatch,
  type Topology,
  type TopologyReport,
} from '@sluice/core/spi'
import { Broker } from './broker.js'
import { capabilities, type KafkaCapabilities } from './capabilities.js'
import { closedError } from './closed-error.js'
import { inspectCluster } from './inspect.js'
import { measureGroup } from './measure.js'
import type { ResolvedOptions } from './options.js'
import type { KafkaDriver } from './wire/port.js'

/** The adapter; only wiring. Everything that it is asked goes to the parts of {@link Broker}, which exist from `open` to `close`. */
export class KafkaAdapter implements Adapter<KafkaCapabilities> {
  readonly spi = 1
  readonly name = 'kafka'
  readonly capabilities: KafkaCapabilities = capabilities
  readonly #options: ResolvedOptions
  readonly #driver: KafkaDriver
  readonly #over = new AbortController()
  #opening: Promise<Broker> | undefined
  #broker: Broker | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, driver: KafkaDriver) {
    this.#options = options
    this.#driver = driver
  }

  async open(context: AdapterContext, signal: AbortSignal): Promise<void> {
    if (this.#closing !== undefined) throw closedError()
    if (this.#opening !== undefined) throw adapterError('UNSUPPORTED', 'open() was called before')
    this.#opening = Broker.open(this.#driver, this.#options, context, AbortSignal.any([signal, this.#over.signal]))
    try {
      const broker = await this.#opening
      if (this.#closing === undefined) this.#broker = broker
    } catch (error) {
      throw this.#over.signal.aborted ? closedError() : error
    }
    if (this.#closing !== undefined) throw closedError()
  }

  async route(topic: string, signal: AbortSignal): Promise<Route> {
    const broker = this.#live
    const route = await broker.topology.route(topic, signal)
    broker.watch(topic, route.partitions)
    return route
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    return this.#live.topology.provision(topology, mode, signal)
  }

  send(batch: SendBatch): void {
    const broker = this.#broker
    if (broker !== undefined) {
      broker.sender.send(batch)
      return
    }
    const error = this.#closing === undefined ? notOpen() : closedError()
    queueMicrotask(() => {
      for (let index = 0; index < batch.envelopes.length; index += 1) batch.report(index, { kind: 'unwritten', error })
    })
  }

  async consume(request: ConsumeRequest, sink: ConsumeSink, signal: AbortSignal): Promise<Consumer> {
    return this.#live.startConsumer(request, sink, signal)
  }

  async deadLetters(group: GroupRef, signal: AbortSignal): Promise<DeadLetterBox> {
    return this.#live.deadLetters(group, signal)
  }

  async measure(group: GroupRef, signal: AbortSignal): Promise<GroupMeasure> {
    return measureGroup(this.#live.cluster, group, signal)
  }

  async inspect(topology: Topology, signal: AbortSignal): Promise<readonly Finding[]> {
    return inspectCluster(this.#live.cluster, topology, signal)
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(signal)
    return this.#closing
  }

  async #close(signal: AbortSignal): Promise<void> {
    this.#over.abort()
    const broker = await this.#opening?.catch(() => undefined)
    await broker?.close(signal)
  }

  get #live(): Broker {
    if (this.#closing !== undefined) throw closedError()
    if (this.#broker === undefined) throw notOpen()
    return this.#broker
  }
}

const notOpen = (): Error & AdapterError =>
  adapterError('UNSUPPORTED', 'the adapter is not open: core calls open() first')
