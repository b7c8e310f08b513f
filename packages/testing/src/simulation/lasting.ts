import type { Cancel, Clock } from '@sluice/core'

/** What goes on for a while and has to be over when peace comes. */
export interface Lasting {
  /** Begins something unless the same is under way; it ends after `ms`, or with {@link endAll}. */
  begin(name: string, ms: number, begin: () => void, end: () => void): void
  /** A wait that is given up when peace comes. */
  later(ms: number, run: () => void): void
  endAll(): void
  /** Something has begun and not ended. */
  readonly active: boolean
}

export function createLasting(clock: Clock): Lasting {
  const ends = new Map<string, () => void>()
  const waits = new Set<Cancel>()
  const later = (ms: number, run: () => void): Cancel => {
    const stop = (): void => {
      waits.delete(stop)
      cancel()
    }
    const cancel = clock.after(ms, () => {
      waits.delete(stop)
      run()
    })
    waits.add(stop)
    return stop
  }
  return {
    begin: (name, ms, begin, end) => {
      if (ends.has(name)) return
      const stop = (): void => {
        ends.delete(name)
        cancel()
        end()
      }
      const cancel = later(ms, stop)
      ends.set(name, stop)
      begin()
    },
    later: (ms, run) => {
      later(ms, run)
    },
    get active() {
      return ends.size > 0
    },
    endAll: () => {
      for (const end of ends.values()) end()
      for (const stop of waits) stop()
    },
  }
}
