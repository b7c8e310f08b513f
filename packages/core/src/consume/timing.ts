import type { Clock } from '../model/clock.js'
import type { TimerHeap } from '../kit/timer-heap.js'

/** Time for one subscription: its clock, and one shared timer for all its waits. */
export interface Timing {
  readonly clock: Clock
  readonly timers: TimerHeap
}
