import type { Cancel, Clock } from '@sluice/core'

/** The clock of one simulated process: knows which timers wait in it, and stops when the process is stopped or killed. */
export interface ProcessClock extends Clock {
  readonly pending: number
  kill(): void
  /** As SIGSTOP: nothing that falls due runs before `thaw`. */
  freeze(): void
  thaw(): void
}

/** `onTurn` is called before each timer that runs. */
export function createProcessClock(clock: Clock, onTurn: () => unknown): ProcessClock {
  const waiting = new Set<Cancel>()
  const late: (() => void)[] = []
  let killed = false
  let frozen = false
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, run) => {
      if (killed) return () => undefined
      const expire = (): void => {
        if (!waiting.delete(stop)) return
        onTurn()
        run()
      }
      const cancel = clock.after(ms, () => {
        if (frozen) late.push(expire)
        else expire()
      })
      const stop = (): void => {
        waiting.delete(stop)
        cancel()
      }
      waiting.add(stop)
      return stop
    },
    get pending() {
      return waiting.size
    },
    kill: () => {
      killed = true
      for (const stop of waiting) stop()
    },
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      // What the connection has to say comes first.
      clock.after(0, () => {
        for (const expire of late.splice(0)) expire()
      })
    },
  }
}
