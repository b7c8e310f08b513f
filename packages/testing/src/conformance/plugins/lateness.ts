import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late this machine is, apart from what runs on it. */
export interface Lateness {
  /** The longest time so far in which nothing in the process could happen, in ms. */
  worstMs(): number
  end(): void
}

/** Upper bounds of waits hold for a process that gets to run; what the machine took away is added to them. */
export function watchLateness(): Lateness {
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  return { worstMs: () => delays.max / 1e6, end: () => void delays.disable() }
}
