import type { Conformance } from '../../define-conformance.js'
import { closeDuringReconnect, closeDuringStart, closeTenTimes } from './at-any-moment.js'
import { closeConfirms } from './close-confirms.js'
import { deadlinePassed } from './deadline.js'
import { gracefulClose } from './graceful-close.js'
import { kills, killsUnordered } from './kills.js'
import { leftForOthers } from './left-for-others.js'
import { nothingLeft } from './nothing-left.js'
import { rollingRestart, rollingRestartUnordered } from './rolling-restart.js'
import { sameTick } from './same-tick.js'
import { toldToEnd } from './told-to-end.js'

export const drainConformance: readonly Conformance[] = [
  gracefulClose,
  leftForOthers,
  deadlinePassed,
  rollingRestart,
  rollingRestartUnordered,
  closeDuringStart,
  closeDuringReconnect,
  closeTenTimes,
  nothingLeft,
  kills,
  killsUnordered,
  toldToEnd,
  sameTick,
  closeConfirms,
]
