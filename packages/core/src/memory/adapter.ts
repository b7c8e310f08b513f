import { checkKeys, checkNumber, checkOneOf } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { Adapter, AdapterContext } from '../spi/adapter.js'
import { adapterError } from '../spi/adapter-error.js'
import type { Consumer, ConsumeRequest, ConsumeSink } from '../spi/consuming.js'
import type { Route } from '../spi/sending.js'
import type { TopicSpec } from '../spi/topology.js'
import { checkBrokerName } from './broker-options.js'
import type { Broker } from './broker.js'
import { memoryCapabilities, type MemoryCapabilities } from './capabilities.js'
import { Client, closedError } from './client.js'
import { MemoryConsumer } from './consumer.js'
import { brokerOf, type MemoryBroker } from './create-broker.js'
import { openDeadLetters } from './dead-letter-box.js'
import type { Group } from './group.js'
import { inspectMemory } from './inspect.js'
import { memoryLikes, type MemoryLike } from './like.js'
import { sharedBroker } from './shared-broker.js'
import { applyTopology, checkStart } from './topology.js'

/** Options of {@link memory}. */
export interface MemoryOptions<L extends MemoryLike = MemoryLike> {
  /** @default the broker that everybody in this process shares who asks for the same `name` and `like` */
  readonly broker?: MemoryBroker<L> | undefined
  /** What the broker behaves like. @default 'queue' */
  readonly like?: L | undefined
  /** Which of the shared brokers. @default 'default' */
  readonly name?: string | undefined
  /** Partitions of a keyed topic whose definition names none; only whoever uses a shared broker first can choose. @default 8 */
  readonly partitions?: number | undefined
}

/**
 * Messaging inside one process: for tests, for development, and for programs that need no broker yet. What it keeps is gone
 * with the process.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function memory<const L extends MemoryLike = 'queue'>(
  options: MemoryOptions<L> = {},
): Adapter<MemoryCapabilities<L>> {
  const broker = findBroker(options)
  return new MemoryAdapter<L>(broker, memoryCapabilities(broker.like as L))
}

function findBroker(options: MemoryOptions): Broker {
  checkKeys('options', options, ['broker', 'like', 'name', 'partitions'])
  checkOneOf('like', options.like, memoryLikes)
  checkBrokerName('name', options.name)
  checkNumber('partitions', options.partitions, { min: 1, max: 1_024, integer: true })
  const { broker, like, name, partitions } = options
  if (broker === undefined) return sharedBroker(like ?? 'queue', name ?? 'default', partitions)
  const given = brokerOf(broker)
  const found = { like: given.like, name: given.name, partitions: given.limits.partitions }
  for (const field of ['like', 'name', 'partitions'] as const) {
    const wanted = options[field]
    if (wanted === undefined || wanted === found[field]) continue
    const text = `${field} is ${wanted}, but the broker that was passed has ${found[field]}: leave ${field} out`
    throw new SluiceError('INVALID_OPTION', text, { field })
  }
  return given
}

class MemoryAdapter<L extends MemoryLike> implements Adapter<MemoryCapabilities<L>> {
  readonly spi = 1
  readonly name = 'memory'
  readonly capabilities: MemoryCapabilities<L>
  readonly #broker: Broker
  /** What this adapter has declared, to declare it again when somebody deletes it. */
  readonly #declared = new Map<string, TopicSpec>()
  #client: Client | undefined
  #closed = false

  constructor(broker: Broker, capabilities: MemoryCapabilities<L>) {
    this.#broker = broker
    this.capabilities = capabilities
  }

  open(context: AdapterContext, signal: AbortSignal): Promise<void> {
    if (this.#closed) return Promise.reject(closedError())
    if (this.#client !== undefined) return Promise.reject(adapterError('UNSUPPORTED', 'open() was called before'))
    this.#client = new Client(this.#broker, context)
    return this.#client.open(signal)
  }

  route(topic: string, signal: AbortSignal): Promise<Route> {
    return this.#ask('publish', signal, () => {
      const { partitions } = this.#broker.topic(topic)
      const { maxMessageBytes, outstanding } = this.#broker.limits
      return { partitions, maxMessageBytes, outstanding }
    })
  }

  provision(...[topology, mode, signal]: Parameters<Adapter['provision']>): ReturnType<Adapter['provision']> {
    return this.#ask('consume', signal, () => {
      const report = applyTopology(this.#broker, topology, mode)
      if (mode === 'declare') for (const spec of topology.topics) this.#remember(spec)
      return report
    })
  }

  send(batch: Parameters<Adapter['send']>[0]): void {
    if (this.#client !== undefined) this.#client.send(batch)
    else {
      const error = closedError()
      this.#broker.pump.call(() => {
        for (let index = 0; index < batch.envelopes.length; index += 1)
          batch.report(index, { kind: 'unwritten', error })
      })
    }
  }

  consume(request: ConsumeRequest, sink: ConsumeSink, signal: AbortSignal): Promise<Consumer> {
    const client = this.#client
    if (client === undefined) return Promise.reject(closedError())
    return client.request('consume', signal, () => {
      const group = this.#openGroup(request)
      const consumer = new MemoryConsumer(this.#broker, client, request, sink, {
        group: () => this.#groupAgain(request),
        closed: (closed) => client.consumers.delete(closed),
      })
      client.consumers.add(consumer)
      // After the caller has the consumer in hand.
      client.arrive(() => consumer.join(group))
      return consumer
    })
  }

  deadLetters(...[group, signal]: Parameters<Adapter['deadLetters']>): ReturnType<Adapter['deadLetters']> {
    if (this.#client === undefined) return Promise.reject(closedError())
    return openDeadLetters(this.#broker, this.#client, group, signal)
  }

  measure(...[group, signal]: Parameters<Adapter['measure']>): ReturnType<Adapter['measure']> {
    return this.#ask('consume', signal, () => this.#broker.existingGroup(group).measure(this.#broker.clock.monotonic()))
  }

  inspect(...[topology, signal]: Parameters<Adapter['inspect']>): ReturnType<Adapter['inspect']> {
    return this.#ask('consume', signal, () => inspectMemory(this.#broker, topology))
  }

  close(_signal: AbortSignal): Promise<void> {
    this.#closed = true
    return this.#client?.close() ?? Promise.resolve()
  }

  #ask<T>(side: 'publish' | 'consume', signal: AbortSignal, run: () => T): Promise<T> {
    if (this.#client === undefined) return Promise.reject(closedError())
    return this.#client.request(side, signal, run)
  }

  #remember(spec: TopicSpec): void {
    const groups = new Map(this.#declared.get(spec.name)?.groups.map((group) => [group.name, group]))
    for (const group of spec.groups) groups.set(group.name, group)
    this.#declared.set(spec.name, { ...spec, groups: [...groups.values()] })
  }

  #openGroup({ group: ref, order, from }: ConsumeRequest): Group {
    const topic = this.#broker.topic(ref.topic)
    const group = topic.groups.get(ref.group)
    if (group === undefined) {
      checkStart(this.#broker, from)
      return topic.createGroup(ref.group, order, from)
    }
    if (order === 'none' || group.exclusive) return group
    const text = `group "${ref.group}" of topic "${ref.topic}": order "key" is wanted, "none" is what it was created with`
    throw adapterError('TOPOLOGY_MISMATCH', text, { scope: 'group', fatal: true })
  }

  /** A topic that this adapter has declared is declared again, and the group with it; one that it found is not its own to make. */
  #groupAgain(request: ConsumeRequest): Group | undefined {
    const found = this.#broker.group(request.group)
    const spec = this.#declared.get(request.group.topic)
    if (found !== undefined || spec === undefined) return found
    applyTopology(this.#broker, { topics: [spec] }, 'declare')
    return this.#openGroup(request)
  }
}
