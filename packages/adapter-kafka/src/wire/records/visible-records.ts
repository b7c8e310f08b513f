import type { FetchedBatch, UnreadableBatch } from './decode-batches.js'
import type { FetchedRecord } from './record.js'

export interface VisibleRecords {
  readonly records: readonly FetchedRecord[]
  /** Where reading goes on: behind marks, gaps, and what was given up. */
  readonly next: number
  /** What stands at `next` cannot be read. */
  readonly unreadable: UnreadableBatch | undefined
}

interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** What a reader that begins at `from` gets of the batches of an answer: no marks, and nothing of transactions that were given up. */
export function visibleRecords(
  batches: readonly (FetchedBatch | UnreadableBatch)[],
  aborted: readonly AbortedTransaction[],
  from: number,
): VisibleRecords {
  const records: FetchedRecord[] = []
  const begun = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const givenUp = new Set<bigint>()
  let next = from
  for (const batch of batches) {
    // The broker gives whole batches: the first may begin before what was asked for.
    if (batch.nextOffset <= from) continue
    if ('cause' in batch) return { records, next, unreadable: batch }
    while (begun[0] !== undefined && begun[0].firstOffset < batch.nextOffset) {
      givenUp.add((begun.shift() as AbortedTransaction).producerId)
    }
    next = batch.nextOffset
    if (batch.control === 'abort') givenUp.delete(batch.producerId)
    if (batch.control !== undefined || (batch.transactional && givenUp.has(batch.producerId))) continue
    for (const record of batch.records) if (record.offset >= from) records.push(record)
  }
  return { records, next, unreadable: undefined }
}
