/** Hand-overs without an end after which a message is suspected of ending its process. */
const suspectHandovers = 3
/** Starts alone after which it is convicted: with the three hand-overs before they make five. */
const convictStarts = 2

export interface CrashFacts {
  /** The broker's count of earlier hand-overs, started or not. */
  readonly handovers: number
  /** Recorded starts, alone, that no end followed. */
  readonly starts: number
  /** It has run in this process, which is still here. */
  readonly survived: boolean
}

/**
 * A count of hand-overs alone proves nothing: a message may be handed over thirty times without being started. So a suspect runs alone,
 * its start is recorded first, and only recorded starts that no end followed convict it. Once there is such a record the count of
 * hand-overs says nothing more: a log counts anew when a neighbour has made progress.
 */
export function judgeCrash(facts: CrashFacts): 'innocent' | 'suspect' | 'convicted' {
  if (facts.survived) return 'innocent'
  if (facts.starts >= convictStarts) return 'convicted'
  return facts.starts > 0 || facts.handovers >= suspectHandovers ? 'suspect' : 'innocent'
}

/** One suspect at a time over all subscriptions of a process: two beside each other could not be told apart. */
export class SoloLock {
  #holder: object | undefined
  readonly #waiters = new Set<() => void>()

  /** False: `wake` is called once when it is worth asking again. */
  acquire(holder: object, wake: () => void): boolean {
    if (this.#holder !== undefined && this.#holder !== holder) {
      this.#waiters.add(wake)
      return false
    }
    this.#holder = holder
    return true
  }

  release(holder: object): void {
    if (this.#holder !== holder) return
    this.#holder = undefined
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }
}
