import type { Conformance } from '../../define-conformance.js'
import { batchSettlements, batchThrows } from './batch-settlements.js'
import { batchSizes } from './batch-sizes.js'
import { brokerComesLater } from './broker-comes-later.js'
import { closeOne } from './close-one.js'
import { competing } from './competing.js'
import { everyGroup } from './every-group.js'
import { addedPartitions, fixedStart } from './fixed-start.js'
import { handlerTimeout, handlerTimeoutExhausted } from './handler-timeout.js'
import { manyTopics } from './many-topics.js'
import { newGroup, replay } from './new-group.js'
import { provisionedGroups } from './provisioned-groups.js'
import { separateTopics } from './separate-topics.js'
import { sharedAfterKill, sharedPartitions } from './shared-partitions.js'
import { noSignalAtHandOver, signalAtDeadline, signalAtLoss, signalAtTimeout } from './signals.js'
import { stalledHandler } from './stalled-handler.js'
import { streamErrors, streams } from './streams.js'
import { unfinishedAtKill, unfinishedBacklog } from './unfinished-backlog.js'
import { windowOfBytes, windowOfMessages } from './window.js'

export const consumeConformance: readonly Conformance[] = [
  everyGroup,
  competing,
  separateTopics,
  provisionedGroups,
  unfinishedBacklog,
  unfinishedAtKill,
  manyTopics,
  signalAtTimeout,
  signalAtLoss,
  signalAtDeadline,
  noSignalAtHandOver,
  closeOne,
  windowOfMessages,
  windowOfBytes,
  stalledHandler,
  batchSizes,
  batchSettlements,
  batchThrows,
  brokerComesLater,
  sharedPartitions,
  sharedAfterKill,
  streams,
  streamErrors,
  fixedStart,
  addedPartitions,
  newGroup,
  replay,
  handlerTimeout,
  handlerTimeoutExhausted,
]
