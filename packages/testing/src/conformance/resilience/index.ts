import type { Conformance } from '../../define-conformance.js'
import { blackHole } from './black-hole.js'
import { blockedLoop } from './blocked-loop.js'
import { closedChannels } from './closed-channels.js'
import { compressedBatches } from './compressed.js'
import { coordinatorDies } from './coordinator.js'
import { cutConnections, halfOpen } from './cuts.js'
import { flapping } from './flaps.js'
import { frozenInstance, staleCommits } from './frozen.js'
import { lackingReplicas } from './lacking-replicas.js'
import { longHandler, longLane } from './long-handlers.js'
import { allNodesKilled, oneNodeKilled, twoNodesKilled } from './nodes.js'
import { longPause, shortPause } from './pauses.js'
import { positionsAreTrue } from './positions.js'
import { deletedForGood, recreated } from './recreated.js'
import { restartedTwice } from './restarts.js'
import { lostFails, lostToEarliest, lostToLatest } from './retention.js'
import { deniedAtOnce, impossibleTopology, unreachableWaits } from './start-up.js'
import { rebalanceStorm } from './storm.js'
import { unreadableBatch } from './unreadable.js'
import { blockedIsVisible, stateIsVisible } from './visible.js'

export const resilienceConformance: readonly Conformance[] = [
  restartedTwice,
  cutConnections,
  halfOpen,
  allNodesKilled,
  oneNodeKilled,
  twoNodesKilled,
  closedChannels,
  recreated,
  deletedForGood,
  longHandler,
  longLane,
  flapping,
  shortPause,
  longPause,
  blackHole,
  deniedAtOnce,
  impossibleTopology,
  unreachableWaits,
  blockedLoop,
  stateIsVisible,
  blockedIsVisible,
  lackingReplicas,
  rebalanceStorm,
  staleCommits,
  lostToEarliest,
  lostToLatest,
  lostFails,
  compressedBatches,
  coordinatorDies,
  positionsAreTrue,
  frozenInstance,
  unreadableBatch,
]
