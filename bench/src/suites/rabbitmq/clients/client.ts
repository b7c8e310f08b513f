import type { Document } from '../document.js'
import type { QueueType } from '../node/node-control.js'

/** A library as an application uses it: the way its documentation recommends, with the same guarantees wherever it can give them. */
export interface Client {
  /** On a connection of its own. */
  openPublisher(target: Target): Promise<Publisher>
  /** Consumes with a connection of its own from now on: calls the handler, waits for it, acknowledges. */
  openConsumer(target: Target, handle: Handle): Promise<Consumer>
}

export interface Target {
  readonly url: string
  /** Of the queue; one that nobody used before. */
  readonly name: string
  readonly type: QueueType
  readonly documentOf: (index: number) => Document
}

export type Handle = (document: Document) => Promise<unknown>

export interface Publisher {
  /** The queue that it publishes to, as the broker calls it. */
  readonly queue: string
  /** Resolves when so many are confirmed, of `documentOf` from 0: as many at once as the library is good at, 256 where it lets us choose. */
  publish(messages: number): Promise<void>
  /** One; resolves when it is confirmed. */
  send(document: Document): Promise<unknown>
  close(): Promise<void>
}

export interface Consumer {
  /** Resolves when what was handled is acknowledged, as far as the library tells. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Publishes on their way to the broker, where that can be chosen. */
export const publishWindow = 256
/** Deliveries on their way to the handler. */
export const prefetch = 256
