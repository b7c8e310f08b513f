import { exponentialBackoff, type Logger, sleep, type TimerHeap } from '@sluice/core/spi'
import { partitionKey } from './wire/partitions.js'
import type { CommittedOffset, GroupMember, TopicPartition } from './wire/port.js'

export interface ReadPositionsOptions {
  readonly member: () => Pick<GroupMember, 'committed'>
  readonly timers: TimerHeap
  readonly log: Logger
  /** Partitions whose positions are still to be found; nothing when it is over. */
  readonly wanted: () => readonly TopicPartition[]
  /** Where the group has got to in one that was asked for. */
  readonly found: (asked: TopicPartition, position: CommittedOffset) => void
}

const backoff = exponentialBackoff({ fromMs: 20, toMs: 500 })

/** Asks as often as it takes: whoever leads the group gives a position to what is new, and the broker may not answer for a while. */
export async function readPositions(options: ReadPositionsOptions, signal: AbortSignal): Promise<void> {
  const { member, timers, log, wanted, found } = options
  for (let failures = 1; !signal.aborted; failures += 1) {
    const asked = wanted()
    if (asked.length === 0) return
    try {
      const answers = await member().committed(asked)
      const byKey = new Map(asked.map((one) => [partitionKey(one), one]))
      for (const position of answers) {
        const one = byKey.get(partitionKey(position))
        if (one !== undefined && position.offset !== undefined) found(one, position)
      }
    } catch (error) {
      log.debug('kafka: where the group has got to is not known yet', { reason: String(error) })
    }
    if (wanted().length > 0) await sleep(timers, backoff(failures), signal)
  }
}
