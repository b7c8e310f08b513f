import type { Conformance } from '../../define-conformance.js'
import { inPlaceRetry, retryHoldsNoSlot } from './in-place-retry.js'
import { keyedBatches } from './keyed-batches.js'
import { keyedGiveBack } from './keyed-give-back.js'
import { deadLetterThenOn, holdUntilReleased } from './last-attempt.js'
import { movesAndKills } from './moves-and-kills.js'
import { handedToAndFro, oneAtATime } from './one-at-a-time.js'
import { orderConflict } from './order-conflict.js'
import { parallelKeys, synchronousHandlers } from './parallel-keys.js'
import { partitionMismatch } from './partition-mismatch.js'
import { partitionOfKey } from './partition-of-key.js'
import { reconnects, reconnectWhileWaiting } from './reconnects.js'
import { redeliveryWaits, redeliveryWithoutKeyWaits } from './redelivery-waits.js'
import { delayedWaits, redrivenWaits } from './returning-messages.js'
import { gaps, storedAhead, stuckKeyBound } from './stored-ahead.js'
import { hotAndCold, unusualKeys } from './unusual-keys.js'

export const orderConformance: readonly Conformance[] = [
  parallelKeys,
  synchronousHandlers,
  oneAtATime,
  handedToAndFro,
  inPlaceRetry,
  retryHoldsNoSlot,
  orderConflict,
  movesAndKills,
  unusualKeys,
  hotAndCold,
  gaps,
  reconnects,
  reconnectWhileWaiting,
  deadLetterThenOn,
  holdUntilReleased,
  partitionOfKey,
  redeliveryWaits,
  redeliveryWithoutKeyWaits,
  storedAhead,
  stuckKeyBound,
  partitionMismatch,
  keyedGiveBack,
  keyedBatches,
  redrivenWaits,
  delayedWaits,
]
