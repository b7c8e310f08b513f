import type { Conformance } from '../../define-conformance.js'
import { aborts } from './aborts.js'
import { afterClose } from './after-close.js'
import { batches } from './batches.js'
import { blockedBroker } from './blocked.js'
import { brokerKilled } from './broker-killed.js'
import { closeFlushes, closeReportsWhatIsLeft, closeWaitsForTheBroker } from './close-flushes.js'
import { disconnected } from './disconnected.js'
import { flood, floodOfLargeBodies } from './flood.js'
import { headers } from './headers.js'
import { laterChanges } from './later-changes.js'
import { lostAnswer } from './lost-answer.js'
import { missingExchange } from './missing-exchange.js'
import { negativeAnswers } from './negative-answers.js'
import { orderOfBatches, orderThroughDoubt, orderThroughLostAnswers } from './order-through-doubt.js'
import { payloads } from './payloads.js'
import { resendKeepsId } from './resend-keeps-id.js'
import { roundTrip } from './round-trip.js'
import { strictOrder } from './strict-order.js'
import { unknownDestination } from './unknown-destination.js'
import { withoutGroups } from './without-groups.js'

export const publishConformance: readonly Conformance[] = [
  roundTrip,
  headers,
  payloads,
  brokerKilled,
  negativeAnswers,
  unknownDestination,
  batches,
  orderOfBatches,
  orderThroughDoubt,
  orderThroughLostAnswers,
  afterClose,
  aborts,
  closeFlushes,
  closeWaitsForTheBroker,
  closeReportsWhatIsLeft,
  flood,
  floodOfLargeBodies,
  disconnected,
  resendKeepsId,
  lostAnswer,
  blockedBroker,
  missingExchange,
  withoutGroups,
  strictOrder,
  laterChanges,
]
