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

  async deadLetters(_group: GroupRef, _signal: AbortSignal): Promise<DeadLetterBox> {
    throw notBuilt('dead letters are written, and cannot be read yet: use a consumer of Kafka on their topic')
  }

  async measure(_group: GroupRef, _signal: AbortSignal): Promise<GroupMeasure> {
    throw notBuilt('measures of a group are not there yet: ask the tools of Kafka for its lag')
  }

  async inspect(_topology: Topology, _signal: AbortSignal): Promise<readonly Finding[]> {
    throw notBuilt('the settings of the cluster are not looked at yet')
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

const notBuilt = (text: string): Error & AdapterError => adapterError('UNSUPPORTED', text)

const notOpen = (): Error & AdapterError =>
  adapterError('UNSUPPORTED', 'the adapter is not open: core calls open() first')
