import { decodeKey } from '../model/key.js'
import type { PartitionState } from './partition-state.js'
import type { Work } from './work.js'

const none = new Uint8Array(0)

/**
 * The serial queue of one key. It outlives connections and claims: while a handler of a lost delivery still runs, the redelivery
 * waits here for it. A message without a key, or of an unordered subscription, has a lane of its own.
 *
 * What waits is linked through the works themselves: most lanes hold one message for a moment, and a queue of its own would cost more
 * than all the rest of it. In order, all of the current claim; what runs or is held is not among them.
 */
export class Lane {
  readonly partition: PartitionState
  /** Whether it is that of a key, found by it in the table of the partition. */
  readonly keyed: boolean
  readonly key: Uint8Array
  /** The key as text, where it is one: decoded once for all its messages. */
  readonly keyText: string | undefined
  /** Its neighbour in the table. */
  twin: Lane | undefined = undefined
  /** By this id it is found while the lost delivery of a message without a key still runs. */
  ghost: string | undefined = undefined
  /** The partition keeps it while it is idle. */
  kept = false
  /** Works that left the queue and have not come to an end: they run, wait for a retry or for their copy. Nothing starts beside them. */
  occupied = 0
  /** Whether the scheduler has it in its ready list. */
  listed = false
  /** Waits for its own rate or for a retry delay that was begun before a hand-over. */
  resting = false
  #first: Work | undefined = undefined
  #last: Work | undefined = undefined

  constructor(partition: PartitionState, key: Uint8Array | undefined) {
    this.partition = partition
    this.keyed = key !== undefined
    // A copy: the lane may live longer than the message, whose bytes may be a small part of something large.
    this.key = key === undefined ? none : new Uint8Array(key)
    const text = key === undefined ? undefined : decodeKey(key)
    this.keyText = typeof text === 'string' ? text : undefined
  }

  /** The one that starts next. */
  get first(): Work | undefined {
    return this.#first
  }

  push(work: Work): void {
    if (this.#last === undefined) this.#first = work
    else this.#last.behind = work
    this.#last = work
  }

  shift(): Work | undefined {
    const work = this.#first
    if (work === undefined) return undefined
    this.#first = work.behind
    if (this.#first === undefined) this.#last = undefined
    work.behind = undefined
    return work
  }

  /** Back to its place: works that come back in any order keep the order in which they arrived. */
  putBack(work: Work): void {
    let before: Work | undefined
    let behind = this.#first
    while (behind !== undefined && behind.arrival < work.arrival) {
      before = behind
      behind = behind.behind
    }
    work.behind = behind
    if (before === undefined) this.#first = work
    else before.behind = work
    if (behind === undefined) this.#last = work
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  /** Works of a claim that is being handed over wait to be dropped, not to be started. */
  get startable(): boolean {
    return this.occupied === 0 && !this.resting && this.#first?.claim.status === 'active'
  }

  /** Nothing of it waits, runs or rests. */
  get idle(): boolean {
    return this.occupied === 0 && !this.resting && this.#first === undefined
  }
}
