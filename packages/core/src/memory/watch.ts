import type { Destination, GroupRef } from '../spi/sending.js'

/** A copy of a message that a broker has stored. */
export interface StoredFact {
  readonly clientName: string
  readonly destination: Destination
  readonly partition: number
  readonly id: string
}

/** A message that a group is done with, as far as the broker knows: it is never handed over again. */
export interface SettledFact {
  /** Whose consumer said so. */
  readonly clientName: string
  readonly group: GroupRef
  readonly partition: number
  readonly id: string
}

/** Is told at the moment itself, and may not call anything of the broker. */
export interface BrokerWatcher {
  stored?(fact: StoredFact): void
  settled?(fact: SettledFact): void
}

/** Who watches a broker. */
export class Watch {
  readonly watchers: Set<BrokerWatcher> = new Set()

  /** Nobody has to make a fact that nobody hears. */
  get active(): boolean {
    return this.watchers.size > 0
  }

  stored(fact: StoredFact): void {
    for (const watcher of this.watchers) watcher.stored?.(fact)
  }

  settled(fact: SettledFact): void {
    for (const watcher of this.watchers) watcher.settled?.(fact)
  }
}
