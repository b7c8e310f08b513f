import type { Messaging, Topic } from '@sluice/core'
import type { Document } from './document.js'

export interface Turns {
  readonly messaging: Messaging
  readonly topic: Topic<Document, Document, false>
  readonly documentOf: (index: number) => Document
  /** Each publishes, waits for it, and goes on with the next, as so many requests of a server do. */
  readonly callers: number
}

/** Calls `publish` for each. */
export function publishSingly({ messaging, topic, documentOf, callers }: Turns, messages: number): Promise<void> {
  return inTurns(callers, messages, (next) => messaging.publish(topic, documentOf(next())))
}

/** Calls `publishBatch` for so many at a time. */
export function publishBatches(turns: Turns & { readonly batchSize: number }, messages: number): Promise<void> {
  const { messaging, topic, documentOf, callers, batchSize } = turns
  return inTurns(callers, messages, (next) => {
    const entries: { payload: Document }[] = []
    for (let index = next(); index < messages; index = next()) {
      entries.push({ payload: documentOf(index) })
      if (entries.length === batchSize) break
    }
    return messaging.publishBatch(topic, entries)
  })
}

async function inTurns(
  callers: number,
  messages: number,
  publish: (next: () => number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < messages) await publish(() => next++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
