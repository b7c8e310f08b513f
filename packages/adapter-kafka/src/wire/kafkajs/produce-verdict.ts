import { errorCodes } from '../error-codes.js'

/**
 * What an error code of a batch says. `again`: not stored, and it may be later. `elsewhere`: as `again`, by another node.
 * `refused`: never. `lost`: the broker does not know the numbers of this producer (any more), so nothing is said of the batch.
 */
export type ProduceVerdict = 'stored' | 'again' | 'elsewhere' | 'refused' | 'lost'

const again: ReadonlySet<number> = new Set([
  errorCodes.corruptMessage,
  errorCodes.requestTimedOut,
  errorCodes.notEnoughReplicas,
  // It is in the log of the leader, and may be in more: to send it again under its number finds out.
  errorCodes.notEnoughReplicasAfterAppend,
  errorCodes.throttlingQuotaExceeded,
])
const elsewhere: ReadonlySet<number> = new Set([
  errorCodes.unknownTopicOrPartition,
  errorCodes.leaderNotAvailable,
  errorCodes.notLeaderOrFollower,
  errorCodes.replicaNotAvailable,
  errorCodes.networkException,
  errorCodes.kafkaStorageError,
  errorCodes.fencedLeaderEpoch,
  errorCodes.unknownLeaderEpoch,
])
const lost: ReadonlySet<number> = new Set([
  errorCodes.outOfOrderSequenceNumber,
  errorCodes.invalidProducerEpoch,
  errorCodes.unknownProducerId,
])

export function judgeProduce(code: number): ProduceVerdict {
  // It was stored before, and the answer was lost.
  if (code === 0 || code === errorCodes.duplicateSequenceNumber) return 'stored'
  if (again.has(code)) return 'again'
  if (elsewhere.has(code)) return 'elsewhere'
  return lost.has(code) ? 'lost' : 'refused'
}
