import type { FaultKind } from '@sluice/testing'
import { machineTime } from './clock.js'

/** Something that whoever breaks things knows, and no process of the crew could be believed about. */
export interface Fact {
  readonly time: number
  readonly kind: FaultKind
  /** null concerns every process. */
  readonly instance: string | null
}

/** What was done to whom, and when. The checker derives from it what may have happened twice. */
export class Facts {
  readonly #all: Fact[] = []
  readonly #lost = new Set<string | null>()

  get all(): readonly Fact[] {
    return this.#all
  }

  note(kind: FaultKind, instance: string | null): void {
    this.#all.push({ time: machineTime(), kind, instance })
  }

  /** From here on connections may break: all of them, or those of one process. */
  loses(instance: string | null): void {
    this.#lost.add(instance)
    this.note('connection-lost', instance)
  }

  /** Everything that was lost works again. */
  restored(): void {
    for (const instance of this.#lost) this.note('connection-restored', instance)
    this.#lost.clear()
  }
}
