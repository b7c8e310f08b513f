import { Deque } from '../kit/deque.js'
import type { PartitionState } from './partition-state.js'
import type { Work } from './work.js'

/**
 * The serial queue of one key. It outlives connections and claims: while a handler of a lost delivery still runs, the redelivery
 * waits here for it. A message without a key, or of an unordered subscription, has a lane of its own.
 */
export class Lane {
  readonly partition: PartitionState
  /** Name in the table of the partition; `undefined` for a lane of one message. */
  name: string | undefined
  /** In order, all of the current claim. What runs or is held is not among them. */
  readonly queue: Deque<Work> = new Deque()
  /** Works that left the queue and have not come to an end: they run, wait for a retry or for their copy. Nothing starts beside them. */
  occupied = 0
  /** Whether the scheduler has it in its ready list. */
  listed = false
  /** Waits for its own rate or for a retry delay that was begun before a hand-over. */
  resting = false

  constructor(partition: PartitionState, name: string | undefined) {
    this.partition = partition
    this.name = name
  }

  /** Back to its place: works that come back in any order keep the order in which they arrived. */
  putBack(work: Work): void {
    const earlier: Work[] = []
    for (
      let first = this.queue.peek();
      first !== undefined && first.arrival < work.arrival;
      first = this.queue.peek()
    ) {
      earlier.push(this.queue.shift() as Work)
    }
    this.queue.unshift(work)
    for (const other of earlier.toReversed()) this.queue.unshift(other)
  }

  /** Works of a claim that is being handed over wait to be dropped, not to be started. */
  get startable(): boolean {
    return this.occupied === 0 && !this.resting && this.queue.peek()?.claim.status === 'active'
  }
}
