import type { ChannelEvents, ConsumeEvents, QueueFacts, QueueOptions } from '../port.js'
import type { WireChannel, WireDelivery, WireMessage } from '../port.js'
import { WireError } from '../wire-error.js'
import { keepNumber } from './channel-number.js'
import { Consumers } from './consumers.js'
import { methods, type InnerChannel, type InnerMessage, type QueueOk } from './internals.js'
import { checkName, deliveryOf } from './message.js'
import type { Owner } from './owner.js'
import { Publishes } from './publishes.js'
import { reasonOf } from './reasons.js'
import { Requests, type Answer } from './requests.js'

const closedHere = (): WireError => new WireError('closed by this side', { kind: 'closed', scope: 'channel' })

/** A channel of amqplib. */
export class AmqplibChannel implements WireChannel {
  protected readonly inner: InnerChannel
  protected readonly owner: Owner
  protected readonly publishes: Publishes
  readonly #events: ChannelEvents
  readonly #requests: Requests
  readonly #consumers: Consumers
  readonly #settled = { fields: { deliveryTag: 0 } }
  #usable = false
  #cause: WireError | undefined
  #end: WireError | undefined
  #closing: Promise<void> | undefined
  #onEnd: () => void = () => {}

  /** Has to be made in the turn in which amqplib made the channel: an event without a listener would take the connection down. */
  constructor(inner: InnerChannel, owner: Owner, events: ChannelEvents) {
    this.inner = inner
    this.owner = owner
    this.#events = events
    this.publishes = new Publishes(inner, owner)
    this.#requests = new Requests(inner, this.publishes.flush)
    const keep = keepNumber(owner.connection, inner)
    inner.on('error', (error: unknown) => {
      this.#cause = reasonOf(error, 'channel')
    })
    inner.on('close', () => {
      keep()
      this.#closed()
    })
    // amqplib would wait for an answer to its farewell and answer to nobody meanwhile, and a broker that breaks the protocol may never give one.
    inner.closeWithError = (_method, _reason, _code, error) => owner.violated(error)
    this.#consumers = new Consumers(inner, owner)
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#closing === undefined && this.owner.isOpen
  }

  async declareExchange(name: string, kind: 'direct' | 'fanout' | 'topic', alternate?: string): Promise<void> {
    const options = alternate === undefined ? { durable: true } : { durable: true, alternateExchange: alternate }
    const names = alternate === undefined ? [name] : [name, alternate]
    await this.request(names, (answer) => this.inner.assertExchange(name, kind, options, answer))
  }

  async checkExchange(name: string): Promise<void> {
    await this.request([name], (answer) => this.inner.checkExchange(name, answer))
  }

  async declareQueue(name: string, options: QueueOptions): Promise<QueueFacts> {
    return factsOf(await this.request<QueueOk>([name], (answer) => this.inner.assertQueue(name, options, answer)))
  }

  async checkQueue(name: string): Promise<QueueFacts> {
    return factsOf(await this.request<QueueOk>([name], (answer) => this.inner.checkQueue(name, answer)))
  }

  async bindQueue(queue: string, exchange: string, key: string): Promise<void> {
    await this.request([queue, exchange, key], (answer) => this.inner.bindQueue(queue, exchange, key, {}, answer))
  }

  async bindExchange(destination: string, source: string, key: string): Promise<void> {
    const names = [destination, source, key]
    await this.request(names, (answer) => this.inner.bindExchange(destination, source, key, {}, answer))
  }

  async deleteQueue(name: string): Promise<void> {
    await this.request([name], (answer) => this.inner.deleteQueue(name, {}, answer))
  }

  async deleteExchange(name: string): Promise<void> {
    await this.request([name], (answer) => this.inner.deleteExchange(name, {}, answer))
  }

  async prefetch(messages: number): Promise<void> {
    await this.request([], (answer) => this.inner.prefetch(messages, false, answer))
  }

  consume(queue: string, options: { readonly noAck: boolean }, events: ConsumeEvents): Promise<string> {
    return this.request<string>([queue], (answer) => this.#consumers.start(queue, options.noAck, events, answer))
  }

  cancel(consumerTag: string): Promise<void> {
    return this.request<void>([consumerTag], (answer) => this.#consumers.stop(consumerTag, answer))
  }

  async get(queue: string): Promise<WireDelivery | undefined> {
    const message = await this.request<InnerMessage | false>([queue], (answer) => this.inner.get(queue, {}, answer))
    return message === false ? undefined : deliveryOf(message)
  }

  ack(tag: number, multiple: boolean): void {
    if (!this.isOpen) return
    this.#settled.fields.deliveryTag = tag
    this.owner.writing()
    this.publishes.flush()
    this.inner.ack(this.#settled, multiple)
  }

  reject(tag: number, requeue: boolean): void {
    if (!this.isOpen) return
    this.#settled.fields.deliveryTag = tag
    this.owner.writing()
    this.publishes.flush()
    this.inner.reject(this.#settled, requeue)
  }

  publish(message: WireMessage): void {
    if (this.isOpen) this.publishes.write(message)
  }

  async sync(): Promise<void> {
    const { channelFlow, channelFlowOk } = methods
    await this.request([], (answer) => this.inner.rpc(channelFlow, { active: true }, channelFlowOk, answer))
  }

  close(): Promise<void> {
    this.#closing ??= this.#end === undefined ? this.#shut() : Promise.resolve()
    return this.#closing
  }

  /** Called by the connection when it ends, and by the channel when it does. */
  end(reason: WireError): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#requests.end(reason)
    this.owner.left(this)
    this.#onEnd()
    if (!this.#usable) return
    try {
      this.#events.closed(reason)
    } catch (error) {
      this.owner.thrown(error)
    }
  }

  /** `send` waits for the answer to the opening, which amqplib has sent by itself. */
  async open(send: (answer: Answer<unknown>) => void): Promise<void> {
    await this.becomeUsable(send)
  }

  /** As a request; from its answer on the end of the channel is an event. */
  protected async becomeUsable(send: (answer: Answer<unknown>) => void): Promise<void> {
    await this.request<unknown>([], (answer) =>
      send((error, ok) => {
        this.#usable = error === null
        answer(error, ok)
      }),
    )
  }

  /** One after the other. Rejects when the channel ends, with the reason. */
  protected async request<T>(names: readonly string[], send: (answer: Answer<T>) => void): Promise<T> {
    for (const name of names) checkName(name)
    if (!this.isOpen) throw this.#end ?? this.owner.end ?? closedHere()
    return this.#requests.run(send)
  }

  /** The farewell overtakes what waits in the queue of requests, so it waits for them. */
  async #shut(): Promise<void> {
    await this.#requests.idle()
    if (this.#end !== undefined) return
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve
      if (!this.owner.isOpen) return
      this.publishes.flush()
      this.inner.close(() => {
        this.#cause ??= closedHere()
      })
    })
  }

  #closed(): void {
    if (this.#cause !== undefined) this.end(this.#cause)
    // With its connection, which says why in this turn. Only in case that it does not:
    else setImmediate(() => this.end(new WireError('the channel was closed', { kind: 'protocol', scope: 'channel' })))
  }
}

function factsOf({ queue, messageCount, consumerCount }: QueueOk): QueueFacts {
  return { name: queue, messages: messageCount, consumers: consumerCount }
}
