import type { Conformance } from '../../define-conformance.js'
import { failedThenCrash, outOfOrderUnderLoad, settledOutOfOrder } from './after-crash.js'
import { attemptCounts, attemptsThroughCuts, attemptsThroughKills } from './attempts.js'
import { doneOnDeadClaim } from './dead-claims.js'
import { copiesAndKills, deadLetterCopies, failedCopies, originalWaits } from './dead-letter-copies.js'
import { deadLetterHeaders } from './dead-letter-headers.js'
import { giveBackStorm, patience } from './give-back-storms.js'
import { giveBack, giveBackAlone } from './give-back.js'
import { innocentMessage, killerMessage } from './killer-message.js'
import { settleOnLost } from './lost-deliveries.js'
import { neverStarted } from './never-started.js'
import { redrive, redriveInterrupted, redrivenFailsAgain } from './redrive.js'
import { longAndShort, retryDelays } from './retry-delays.js'
import { secondSettle } from './second-settle.js'
import { nonRetryable, onlyTheFailingGroup } from './straight-to-dead-letters.js'
import { invalidBySchema, undecodable } from './undecodable.js'

export const settleConformance: readonly Conformance[] = [
  giveBack,
  giveBackAlone,
  retryDelays,
  secondSettle,
  settledOutOfOrder,
  outOfOrderUnderLoad,
  giveBackStorm,
  failedThenCrash,
  undecodable,
  deadLetterCopies,
  originalWaits,
  failedCopies,
  copiesAndKills,
  attemptCounts,
  attemptsThroughCuts,
  attemptsThroughKills,
  nonRetryable,
  onlyTheFailingGroup,
  longAndShort,
  invalidBySchema,
  deadLetterHeaders,
  redrive,
  redrivenFailsAgain,
  redriveInterrupted,
  settleOnLost,
  doneOnDeadClaim,
  neverStarted,
  killerMessage,
  innocentMessage,
  patience,
]
