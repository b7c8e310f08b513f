import type { Conformance } from '../../define-conformance.js'
import { breakerNeedsARow, breakerProbes, longOutage } from './breaker.js'
import { afterStall, cancellable, longRun, perKey, waitsCountNothing } from './limiter.js'
import { crashBeforeMark, expiry, failedFirst, race, renewed } from './once.js'
import { busyHolds, redriven, staleOwner } from './owners.js'
import { oneOrder } from './pipeline.js'
import { delaysMatch, exhausted, exhaustedOverKills } from './policies.js'
import { storeDownPauses, storeDownProcesses } from './store-down.js'
import { processTimeMoves, wallClockMoves, wallClockMovesAtLoss } from './wall-clock.js'

export const pluginsConformance: readonly Conformance[] = [
  failedFirst,
  crashBeforeMark,
  race,
  storeDownPauses,
  storeDownProcesses,
  expiry,
  renewed,
  staleOwner,
  busyHolds,
  redriven,
  longRun,
  perKey,
  cancellable,
  waitsCountNothing,
  afterStall,
  delaysMatch,
  oneOrder,
  exhausted,
  exhaustedOverKills,
  wallClockMoves,
  processTimeMoves,
  wallClockMovesAtLoss,
  breakerProbes,
  breakerNeedsARow,
  longOutage,
]
