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
import { capabilities, type RabbitMQCapabilities } from './capabilities.js'
import { Broker } from './broker.js'
import type { ResolvedOptions } from './options.js'
import { closedError } from './send-errors.js'

/** The adapter; only wiring. Everything that it is asked goes to the parts of {@link Broker}, which exist from `open` to `close`. */
export class RabbitMQAdapter implements Adapter<RabbitMQCapabilities> {
  readonly spi = 1
  readonly name = 'rabbitmq'
  readonly capabilities: RabbitMQCapabilities = capabilities
  readonly #options: ResolvedOptions
  #broker: Broker | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
  }

  async open(context: AdapterContext, signal: AbortSignal): Promise<void> {
    if (this.#closing !== undefined) throw closedError()
    if (this.#broker !== undefined) throw adapterError('UNSUPPORTED', 'open() was called before')
    const broker = new Broker(this.#options, context)
    this.#broker = broker
    await broker.open(signal)
  }

  async route(topic: string, signal: AbortSignal): Promise<Route> {
    return this.#live.topology.route(topic, signal)
  }

  async provision(topology: Topology, mode: ProvisionMode, signal: AbortSignal): Promise<TopologyReport> {
    return this.#live.provision(topology, mode, signal)
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
    return this.#live.measure(group, signal)
  }

  async inspect(topology: Topology, signal: AbortSignal): Promise<readonly Finding[]> {
    return this.#live.inspect(topology, signal)
  }

  close(signal: AbortSignal): Promise<void> {
    this.#closing ??= this.#broker?.close(signal) ?? Promise.resolve()
    return this.#closing
  }

  get #live(): Broker {
    if (this.#closing !== undefined) throw closedError()
    if (this.#broker === undefined) throw notOpen()
    return this.#broker
  }
}

const notOpen = (): Error & AdapterError =>
  adapterError('UNSUPPORTED', 'the adapter is not open: core calls open() first')
