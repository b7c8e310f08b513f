import type { ConnectionOptions } from 'node:tls'
import type { WireError } from './wire-error.js'

/**
 * AMQP 0-9-1 as the rest of the adapter sees it. Whatever is odd about a client library stays behind it.
 *
 * Rules for every method: what returns a promise rejects with a {@link WireError} and settles at the latest when its channel or connection
 * has ended (on a connection that the broker does not read, that may be long: the caller brings a deadline of its own). What returns
 * nothing never throws: on a channel that has ended it does nothing. No event comes in the call stack of a call.
 */
export interface Wire {
  /** Rejects when the handshake fails, takes longer than `connectTimeoutMs`, or `signal` aborts; nothing of the attempt is left then. */
  connect(target: WireTarget, events: ConnectionEvents, signal: AbortSignal): Promise<WireConnection>
}

export interface WireTarget {
  readonly host: string
  readonly port: number
  readonly vhost: string
  readonly username: string
  readonly password: string
  /** `undefined`: plain TCP. */
  readonly tls: ConnectionOptions | undefined
  readonly heartbeatSeconds: number
  readonly connectTimeoutMs: number
  /** Shown by the broker beside the connection. */
  readonly connectionName: string
}

export interface ConnectionEvents {
  /** Once, at the end of an open connection, whoever ended it, after its channels have heard theirs. */
  closed(reason: WireError): void
  /** The broker reads nothing more of this connection until {@link unblocked}. */
  blocked(reason: string): void
  unblocked(): void
  /** Bytes have come in and were not looked at yet. Called for each chunk, so it has to be quick. */
  received(): void
}

export interface WireConnection {
  readonly server: { readonly product: string; readonly version: string }
  /** What both sides agreed on; 0 = none. */
  readonly heartbeatSeconds: number
  openChannel(events: ChannelEvents): Promise<WireChannel>
  openConfirmChannel(events: ConfirmEvents): Promise<WireConfirmChannel>
  /** Tells the broker that this side is alive, which is also done every half of a heartbeat without traffic. */
  beat(): void
  /** With a farewell; what was written on its channels before is sent before. After `graceMs` without an answer it is {@link destroy}. Never rejects. */
  close(graceMs: number): Promise<void>
  /** At once, socket and all; `closed` follows. */
  destroy(reason: string): void
}

export interface ChannelEvents {
  /** Once, when the channel has ended for any reason, {@link WireChannel.close} included; not when its opening rejects. */
  closed(reason: WireError): void
}

export interface ConfirmEvents extends ChannelEvents {
  /** The broker has taken (or, `ok` false, not taken) the publish with this tag; all up to it where `multiple`. */
  confirmed(tag: number, multiple: boolean, ok: boolean): void
  /** A mandatory publish found no queue. Comes before its confirm, which is positive. */
  returned(message: WireReturn): void
}

export interface WireReturn {
  readonly replyCode: number
  readonly replyText: string
  readonly exchange: string
  readonly routingKey: string
  readonly properties: WireProperties
}

export interface QueueFacts {
  readonly name: string
  /** Ready, without those handed out. */
  readonly messages: number
  readonly consumers: number
}

/** Values of arguments and headers that Sluice writes. A safe integer, or text, or bytes, or yes and no. */
export type WireValue = string | number | boolean | Uint8Array

export interface QueueOptions {
  readonly durable: boolean
  /** @default false */
  readonly exclusive?: boolean
  /** @default false */
  readonly autoDelete?: boolean
  readonly arguments: Readonly<Record<string, WireValue>>
}

export interface ConsumeEvents {
  delivered(delivery: WireDelivery): void
  /** The broker has ended the consumer (its queue was deleted, its node has left); the channel lives on. */
  cancelled(): void
}

export interface WireChannel {
  readonly isOpen: boolean
  /** Durable. Creates it, or checks that it is alike. What it can route nowhere goes to `alternate`. */
  declareExchange(name: string, kind: 'direct' | 'fanout' | 'topic', alternate?: string): Promise<void>
  /** Rejects with 404 and ends the channel when it does not exist. */
  checkExchange(name: string): Promise<void>
  /** Creates it, or checks that it is alike: 406 says which argument differs. An empty name lets the broker choose one. */
  declareQueue(name: string, options: QueueOptions): Promise<QueueFacts>
  /** Rejects with 404 when it does not exist, with 405 when it is exclusive to another connection; the channel has ended then. */
  checkQueue(name: string): Promise<QueueFacts>
  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void>
  bindExchange(destination: string, source: string, routingKey: string): Promise<void>
  deleteQueue(name: string): Promise<void>
  deleteExchange(name: string): Promise<void>
  /** Of each consumer that is started afterwards. */
  prefetch(messages: number): Promise<void>
  /** Resolves with the consumer tag; deliveries may come before that is seen. */
  consume(queue: string, options: { readonly noAck: boolean }, events: ConsumeEvents): Promise<string>
  /** The consumer gets nothing more; what it has stays handed over. */
  cancel(consumerTag: string): Promise<void>
  get(queue: string): Promise<WireDelivery | undefined>
  ack(tag: number, multiple: boolean): void
  reject(tag: number, requeue: boolean): void
  /** Without a confirm. Throws as {@link WireConfirmChannel.publishConfirmed} does. */
  publish(message: WireMessage): void
  /** A round trip: the channel has handled everything that was sent on it before. */
  sync(): Promise<void>
  /** Ends the channel after all that was sent on it; what is not acknowledged goes back in order. Never rejects. */
  close(): Promise<void>
}

export interface WireConfirmChannel extends WireChannel {
  /**
   * Returns the tag that its confirm will have, 0 when the channel has ended and nothing was written.
   * @throws WireError of kind `message` when AMQP cannot carry it (a name or property of more than 255 bytes; replyCode 311 when the headers
   * take more than 64 KiB). Nothing was written, no tag is used up, and the channel lives on.
   */
  publishConfirmed(message: WireMessage): number
}

export interface WireMessage {
  readonly exchange: string
  readonly routingKey: string
  readonly mandatory: boolean
  readonly properties: WireProperties
  /** Text goes out as UTF-8. */
  readonly content: Uint8Array | string
}

export type WireHeaderValue = unknown

/** Basic properties by the names of the specification in camel case. `headers` of a foreign message may hold any field value of AMQP. */
export interface WireProperties {
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly headers?: Readonly<Record<string, WireHeaderValue>> | undefined
  /** 1 or 2 (persistent). */
  readonly deliveryMode?: number | undefined
  readonly priority?: number | undefined
  readonly correlationId?: string | undefined
  readonly replyTo?: string | undefined
  readonly expiration?: string | undefined
  readonly messageId?: string | undefined
  /** In seconds. */
  readonly timestamp?: number | undefined
  readonly type?: string | undefined
  readonly userId?: string | undefined
  readonly appId?: string | undefined
}

export interface WireDelivery {
  readonly tag: number
  readonly redelivered: boolean
  readonly exchange: string
  readonly routingKey: string
  readonly properties: WireProperties
  readonly content: Uint8Array
}
