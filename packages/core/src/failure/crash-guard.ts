/** Hand-overs without an end after which a message is suspected of ending its process. */
const suspectHandovers = 3
/** Hand-overs, and starts alone among them, after which it is convicted: three starts beside others and two alone make five. */
const convictHandovers = 5
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
 * its start is recorded first, and only recorded starts that no end followed convict it.
 */
export function judgeCrash(facts: CrashFacts): 'innocent' | 'suspect' | 'convicted' {
  if (facts.survived || facts.handovers < suspectHandovers) return 'innocent'
  return facts.handovers >= convictHandovers && facts.starts >= convictStarts ? 'convicted' : 'suspect'
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
