import { Deque } from '../kit/deque.js'
import { Lane } from './lane.js'
import { LaneTable } from './lane-table.js'
import type { Work } from './work.js'

/** Idle lanes that a partition keeps: a key that comes again and again would else make a new one for each message. */
const mostIdle = 256

/** What this process knows of one partition, over all its claims: the lanes of its keys and which of them could start. */
export class PartitionState {
  readonly number: number
  readonly lanes: LaneTable = new LaneTable()
  /** Of messages without a key whose lost delivery still runs here, by id. */
  readonly ghosts: Map<string, Lane> = new Map()
  readonly ready: Deque<Lane> = new Deque()
  /** Whether the scheduler has it in its ring. */
  listed = false
  /** Lanes of keys that were idle when they came in here, longest ago first. */
  readonly #idle = new Deque<Lane>()

  constructor(number: number) {
    this.number = number
  }

  /** The lane of a key. A delivery without one gets its own, unless an earlier run of the same message still goes on in this process. */
  laneOf(key: Uint8Array | null, ordered: boolean, id: string | undefined): Lane {
    if (key === null || !ordered) {
      const ghost = this.ghosts.size > 0 && id !== undefined ? this.ghosts.get(id) : undefined
      return ghost ?? new Lane(this, undefined)
    }
    const found = this.lanes.find(key)
    if (found !== undefined) return found
    const lane = new Lane(this, key)
    this.lanes.add(lane)
    return lane
  }

  /** A run goes on though its delivery is lost: its redelivery has to find the lane, also without a key. */
  keepForGhost(work: Work): void {
    const { lane } = work
    const { id } = work.inbound
    if (lane.keyed || lane.ghost !== undefined || id === undefined) return
    lane.ghost = id
    this.ghosts.set(id, lane)
  }

  /** Nothing of the lane is left to do. It stays for a while if it is that of a key, and goes at once if not. */
  free(lane: Lane): void {
    if (lane.kept || !lane.idle) return
    if (lane.keyed) {
      lane.kept = true
      this.#idle.push(lane)
      if (this.#idle.length > mostIdle) this.#letGo(this.#idle.shift() as Lane)
    } else if (lane.ghost !== undefined && this.ghosts.get(lane.ghost) === lane) this.ghosts.delete(lane.ghost)
  }

  #letGo(lane: Lane): void {
    lane.kept = false
    // One that is at work again comes back when it is idle again.
    if (lane.idle) this.lanes.remove(lane)
  }
}
