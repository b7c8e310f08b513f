import { extraOf, type Entry } from './entry.js'

interface Watch {
  readonly entries: Set<Entry>
  readonly listener: () => void
}

/** Entries whose caller passed a signal. One listener per signal, however many entries share it; none is left behind. */
export class Aborts {
  readonly #aborted: (entry: Entry) => void
  readonly #watches = new Map<AbortSignal, Watch>()

  constructor(aborted: (entry: Entry) => void) {
    this.#aborted = aborted
  }

  add(entry: Entry, signal: AbortSignal): void {
    extraOf(entry).signal = signal
    let watch = this.#watches.get(signal)
    if (watch === undefined) {
      const entries = new Set<Entry>()
      watch = {
        entries,
        listener: () => {
          this.#watches.delete(signal)
          for (const each of entries) this.#aborted(each)
        },
      }
      this.#watches.set(signal, watch)
      signal.addEventListener('abort', watch.listener, { once: true })
    }
    watch.entries.add(entry)
  }

  remove(entry: Entry): void {
    const signal = entry.extra?.signal
    if (signal === undefined) return
    const watch = this.#watches.get(signal)
    if (watch === undefined) return
    watch.entries.delete(entry)
    if (watch.entries.size > 0) return
    this.#watches.delete(signal)
    signal.removeEventListener('abort', watch.listener)
  }
}
