import { balance, type BalanceMember } from '@sluice/core/spi'

/** What a subscription does with the partitions that it is given. */
export interface ShareHolder {
  /** The partition is ours now. */
  take(partition: number): void
  /** Resolves when it is let go; until then it counts as ours. Never rejects. */
  release(partition: number): Promise<void>
}

/** What another process has said of this group. */
export interface Peer {
  readonly id: string
  readonly owned: readonly number[]
  readonly leaving: boolean
}

/** The partitions of one group that this process owns: what it may take and has to give up, as all processes compute it from what they say. */
export class Share {
  readonly key: string
  readonly partitions: number
  readonly #holder: ShareHolder
  readonly #owned = new Set<number>()
  readonly #releasing = new Map<number, Promise<void>>()
  readonly #changed: () => void
  leaving = false

  constructor(key: string, partitions: number, holder: ShareHolder, changed: () => void) {
    this.key = key
    this.partitions = partitions
    this.#holder = holder
    this.#changed = changed
  }

  get owned(): readonly number[] {
    return [...this.#owned].sort((a, b) => a - b)
  }

  /** The connection is gone, and everything with it. */
  forget(): void {
    this.#owned.clear()
    this.#releasing.clear()
  }

  rebalance(self: string, peers: readonly Peer[]): void {
    if (this.leaving) return
    const members: BalanceMember[] = [{ id: self, owned: this.owned }, ...peers]
    const mine = balance({ partitions: this.partitions, members }).get(self) ?? []
    const wanted = new Set(mine)
    for (const partition of this.#owned) if (!wanted.has(partition)) this.#release(partition)
    // Only what nobody owns any more: a partition that another process still drains is not free.
    const taken = new Set(peers.flatMap(({ owned }) => owned))
    let grown = false
    for (const partition of mine) {
      if (this.#owned.has(partition) || taken.has(partition)) continue
      this.#owned.add(partition)
      this.#holder.take(partition)
      grown = true
    }
    if (grown) this.#changed()
  }

  /** Nothing is taken any more, and everything is let go. */
  async leave(): Promise<void> {
    this.leaving = true
    for (const partition of this.#owned) this.#release(partition)
    await Promise.all(this.#releasing.values())
  }

  #release(partition: number): void {
    if (this.#releasing.has(partition)) return
    const released = this.#holder.release(partition).then(() => {
      if (this.#releasing.get(partition) !== released) return
      this.#releasing.delete(partition)
      if (this.#owned.delete(partition)) this.#changed()
    })
    this.#releasing.set(partition, released)
  }
}
