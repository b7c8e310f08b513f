import { systemClock, type Clock } from '@sluice/core'

/** The clock of the machine, which knows how many waits have neither ended nor been cancelled. */
export interface CountingClock {
  readonly clock: Clock
  readonly pending: number
  /** Waits that were ever begun. */
  readonly begun: number
}

export function countingClock(): CountingClock {
  const { now, monotonic, after } = systemClock
  const open = new Set<object>()
  let begun = 0
  return {
    clock: {
      now,
      monotonic,
      after(ms, run) {
        const wait = {}
        open.add(wait)
        begun++
        const cancel = after(ms, () => {
          open.delete(wait)
          run()
        })
        return () => {
          open.delete(wait)
          cancel()
        }
      },
    },
    get pending() {
      return open.size
    },
    get begun() {
      return begun
    },
  }
}
