/** How late this machine is, apart from what runs on it. */
export interface Lateness {
  /** The longest time so far in which nothing in the process could happen, in ms. */
  worstMs(): number
  /** All such times together, in ms. */
  takenMs(): number
  end(): void
}

const stepMs = 10

/** Upper bounds of waits hold for a process that gets to run; what the machine took away is added to them. */
export function watchLateness(): Lateness {
  let [lastMs, worst, taken] = [performance.now(), 0, 0]
  const step = (): void => {
    const nowMs = performance.now()
    const lostMs = nowMs - lastMs - stepMs
    lastMs = nowMs
    // Less than a step is the grain of timers, and no news.
    if (lostMs < stepMs) return
    worst = Math.max(worst, lostMs)
    taken += lostMs
  }
  const timer = setInterval(step, stepMs).unref()
  return {
    worstMs() {
      step()
      return worst
    },
    takenMs() {
      step()
      return taken
    },
    end: () => clearInterval(timer),
  }
}
