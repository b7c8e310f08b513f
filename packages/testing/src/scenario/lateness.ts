/** How late this machine is, apart from what runs on it. */
export interface Lateness {
  /** The longest time so far in which nothing in the process could happen, in ms. */
  worstMs(): number
  /** All such times together, in ms. */
  takenMs(): number
  /** What of the time between two moments it was that nothing could happen, in ms. Both are times of `performance.now()`. */
  takenBetween(fromMs: number, toMs: number): number
  end(): void
}

const stepMs = 10

/** Upper bounds of waits hold for a process that gets to run; what the machine took away is added to them. */
export function watchLateness(): Lateness {
  let [lastMs, worst, taken] = [performance.now(), 0, 0]
  const stalls: { readonly fromMs: number; readonly toMs: number }[] = []
  const step = (): void => {
    const nowMs = performance.now()
    const dueMs = lastMs + stepMs
    const lostMs = nowMs - dueMs
    lastMs = nowMs
    // Less than a step is the grain of timers, and no news.
    if (lostMs < stepMs) return
    worst = Math.max(worst, lostMs)
    taken += lostMs
    stalls.push({ fromMs: dueMs, toMs: nowMs })
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
    takenBetween: (fromMs, toMs) => {
      step()
      const overlaps = stalls.map((stall) => Math.min(toMs, stall.toMs) - Math.max(fromMs, stall.fromMs))
      return overlaps.reduce((sum, overlap) => sum + Math.max(0, overlap), 0)
    },
    end: () => clearInterval(timer),
  }
}
