import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Transform } from 'node:stream'
import type { WireProperties } from '../port.js'

/** What Sluice uses of amqplib 2.3, beyond what its own types tell. Nothing outside of this folder knows these names. */
export interface Model extends EventEmitter {
  readonly connection: InnerConnection
  createChannel(options: { readonly highWaterMark: number }, done: (error: Error | null) => void): InnerChannel
}

export interface InnerConnection extends EventEmitter {
  readonly serverProperties: Readonly<Record<string, unknown>>
  /** In seconds, as agreed; 0 = none. */
  readonly heartbeat: number
  readonly stream: Socket
  readonly freeChannels: { set(number: number): void; clear(number: number): void }
  readonly channels: readonly ({ readonly buffer: Transform } | null)[]
  /** In bytes, as agreed; 0 = no limit. */
  readonly frameMax: number
  /** Set by whoever writes: no heartbeat is due then. */
  sentSinceLastCheck: boolean
  /** Set when it counts as ended. */
  readonly expectSocketClose: boolean
  blocked: boolean
  accept: (frame: InnerFrame) => void
  close(done: () => void): void
  sendHeartbeat(): void
  /** Ends everything, once. */
  onSocketError(error: Error): void
}

/** A content header has a size, a piece of content has its bytes, everything else neither. */
export interface InnerFrame {
  readonly size?: number
  readonly content?: Uint8Array
}

export interface InnerMessage {
  readonly fields: {
    readonly consumerTag?: string
    readonly deliveryTag: number
    readonly redelivered: boolean
    readonly exchange: string
    readonly routingKey: string
    readonly replyCode?: number
    readonly replyText?: string
  }
  readonly properties: WireProperties
  readonly content: Buffer
}

export type Done<T> = (error: Error | null, ok?: T) => void
export interface QueueOk {
  readonly queue: string
  readonly messageCount: number
  readonly consumerCount: number
}

export interface InnerChannel extends EventEmitter {
  readonly ch: number
  /** What answers the request under way. */
  reply: unknown
  closeWithError: (methodId: number, reason: string, code: number, error: Error) => void
  close(done: () => void): void
  rpc(method: number, fields: object, expect: number, done: Done<unknown>): void
  sendMessage(fields: object, properties: object, content: Uint8Array): boolean
  assertExchange(name: string, kind: string, options: object, done: Done<unknown>): void
  checkExchange(name: string, done: Done<unknown>): void
  deleteExchange(name: string, options: object, done: Done<unknown>): void
  bindExchange(destination: string, source: string, key: string, args: object, done: Done<unknown>): void
  assertQueue(name: string, options: object, done: Done<QueueOk>): void
  checkQueue(name: string, done: Done<QueueOk>): void
  deleteQueue(name: string, options: object, done: Done<unknown>): void
  bindQueue(queue: string, exchange: string, key: string, args: object, done: Done<unknown>): void
  prefetch(count: number, global: boolean, done: Done<unknown>): void
  consume(queue: string, run: () => void, options: object, done: Done<{ readonly consumerTag: string }>): void
  get(queue: string, options: object, done: Done<InnerMessage | false>): void
  ack(message: Settled, multiple: boolean): void
  reject(message: Settled, requeue: boolean): void
}

/** As much of a delivery as it takes to settle it. */
export interface Settled {
  readonly fields: { deliveryTag: number }
}

/** Methods that amqplib can encode and has no call for: class and method number of AMQP 0-9-1. */
export const methods = {
  basicCancel: 0x3c_001e,
  basicCancelOk: 0x3c_001f,
  channelFlow: 0x14_0014,
  channelFlowOk: 0x14_0015,
  confirmSelect: 0x55_000a,
  confirmSelectOk: 0x55_000b,
} as const
