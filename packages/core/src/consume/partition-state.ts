import { Deque } from '../kit/deque.js'
import { Lane } from './lane.js'
import type { Work } from './work.js'

/** What this process knows of one partition, over all its claims: the lanes of its keys and which of them could start. */
export class PartitionState {
  readonly number: number
  readonly lanes: Map<string, Lane> = new Map()
  readonly ready: Deque<Lane> = new Deque()
  /** Whether the scheduler has it in its ring. */
  listed = false

  constructor(number: number) {
    this.number = number
  }

  /** The lane of a key. A delivery without one gets its own, unless an earlier run of the same message still goes on in this process. */
  laneOf(key: Uint8Array | null, ordered: boolean, id: string | undefined): Lane {
    if (key === null || !ordered) {
      const ghost = this.lanes.size > 0 && id !== undefined ? this.lanes.get(ghostName(id)) : undefined
      return ghost ?? new Lane(this, undefined)
    }
    const name = keyName(key)
    let lane = this.lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(this, name)
      this.lanes.set(name, lane)
    }
    return lane
  }

  /** A run goes on though its delivery is lost: its redelivery has to find the lane, also without a key. */
  keepForGhost(work: Work): void {
    const { lane } = work
    const { id } = work.inbound
    if (lane.name !== undefined || id === undefined) return
    lane.name = ghostName(id)
    this.lanes.set(lane.name, lane)
  }

  /** A lane that was emptied by a hand-over may still be in the scheduler's lists when its key has the next one: that one stays. */
  free(lane: Lane): void {
    if (lane.name === undefined || lane.occupied > 0 || lane.resting || lane.queue.length > 0) return
    if (this.lanes.get(lane.name) === lane) this.lanes.delete(lane.name)
  }
}

const keyName = (key: Uint8Array): string => `k${latin1(key)}`
const ghostName = (id: string): string => `i${id}`

/** One character per byte: equal for equal bytes, whether or not they are text. */
function latin1(bytes: Uint8Array): string {
  if (bytes.length > 4096) return chunked(bytes)
  return String.fromCharCode(...bytes)
}

function chunked(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}
