import type { Consumer, Handle, Publisher } from '../../../broker/client.js'
import type { Document } from '../../../broker/document.js'

/** A library as an application uses it: the way its documentation recommends, with the same guarantees wherever it can give them. */
export interface Client {
  openPublisher(target: Target): Promise<Publisher>
  /** Consumes the topic from its beginning, in a group that is new: calls the handler, waits for it, stores the position. */
  openConsumer(target: Target, handle: Handle): Promise<Consumer>
}

export interface Target {
  readonly url: string
  readonly bootstrap: string
  /** Of the topic, which is there. */
  readonly topic: string
  /** Of the group. */
  readonly group: string
  readonly documentOf: (index: number) => Document
}

/** Messages of a batch that is made by hand. */
export const batchSize = 500
/** Single sends in parallel. */
export const parallelSends = 50
