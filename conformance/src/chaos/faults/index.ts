import type { FaultKind } from '../target.js'
import { killConsumer } from './kill-consumer.js'
import { mismatch } from './mismatch.js'
import { poison } from './poison.js'
import { scale } from './scale.js'
import { stall } from './stall.js'
import { stopConsumer } from './stop-consumer.js'

/** Faults that need no help of the broker: what happens to the processes, and to their messages. */
export const commonFaults: readonly FaultKind[] = [killConsumer, stopConsumer, poison, scale, stall, mismatch]
