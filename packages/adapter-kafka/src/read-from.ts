import { adapterError, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { KafkaCluster, TopicPartition } from './wire/port.js'
import type { FetchedRecord } from './wire/records/record.js'

const limits = { maxWaitMs: 100, maxBytes: 4 * 1024 * 1024, maxPartitionBytes: 1024 * 1024 }

/**
 * What is stored in a partition at that moment, from an offset on; what retention has taken is passed over. No more is fetched while somebody
 * looks at what has come.
 * @throws AdapterError
 */
export async function* readFrom(
  cluster: KafkaCluster,
  at: TopicPartition,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<FetchedRecord, void, undefined> {
  const { administration } = cluster
  const ends = Promise.all([administration.offsets([at], 'start'), administration.offsets([at], 'end')])
  const [start = 0, end = 0] = (await within(ends, signal)).map(([found]) => found?.offset ?? 0)
  let next = Math.max(start, from)
  if (next >= end) return
  let came: { resolve: (records: readonly FetchedRecord[]) => void; reject: (error: Error) => void } | undefined
  const fetching = cluster.fetch(limits, {
    records: (_, fetched) => {
      fetching.pause(at)
      next = fetched.next
      came?.resolve(fetched.records)
    },
    positionLost: () =>
      came?.reject(adapterError('POSITION_LOST', `${at.topic}: ${next} is gone`, { retryable: true })),
    unreadable: (_, offset, cause) =>
      came?.reject(adapterError('UNREADABLE', `${at.topic}: what is stored at ${offset} cannot be read`, { cause })),
    refused: (_, cause) => came?.reject(toAdapterError(cause)),
  })
  try {
    while (next < end) {
      const arrival = new Promise<readonly FetchedRecord[]>((resolve, reject) => {
        came = { resolve, reject }
      })
      // Also what was fetched before it paused is fetched once more: only what was looked at counts.
      fetching.add(at, next)
      const records = await within(arrival, signal)
      fetching.remove(at)
      for (const record of records) if (record.offset < end) yield record
    }
  } finally {
    fetching.close()
  }
}
