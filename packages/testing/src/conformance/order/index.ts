import type { Conformance } from '../../define-conformance.js'
import { inPlaceRetry } from './in-place-retry.js'
import { movesAndKills } from './moves-and-kills.js'
import { handedToAndFro, oneAtATime } from './one-at-a-time.js'
import { orderConflict } from './order-conflict.js'
import { parallelKeys, synchronousHandlers } from './parallel-keys.js'
import { hotAndCold, unusualKeys } from './unusual-keys.js'

export const orderConformance: readonly Conformance[] = [
  parallelKeys,
  synchronousHandlers,
  oneAtATime,
  handedToAndFro,
  inPlaceRetry,
  orderConflict,
  movesAndKills,
  unusualKeys,
  hotAndCold,
]
