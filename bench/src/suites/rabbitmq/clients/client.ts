import type { Document } from '../../../broker/document.js'
import type { Consumer, Handle, Publisher } from '../../../broker/client.js'
import type { QueueType } from '../node/node-control.js'

/** A library as an application uses it: the way its documentation recommends, with the same guarantees wherever it can give them. */
export interface Client {
  /** On a connection of its own. */
  openPublisher(target: Target): Promise<QueuePublisher>
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

export interface QueuePublisher extends Publisher {
  /** The queue that it publishes to, as the broker calls it. */
  readonly queue: string
}

/** Publishes on their way to the broker, where that can be chosen. */
export const publishWindow = 256
/** Deliveries on their way to the handler. */
export const prefetch = 256
