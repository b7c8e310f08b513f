import { onTestFinished } from 'vitest'

const stepMs = 10

/**
 * Of the test that calls it, what upper bounds are held against: the time that this process got to run. A machine that is busy elsewhere takes away
 * whole pieces; of such a piece one step counts, because no code of ours could have been faster.
 */
export function watchRunTime(): () => number {
  let ranMs = 0
  let lastMs = performance.now()
  const step = (): void => {
    const nowMs = performance.now()
    ranMs += Math.min(nowMs - lastMs, 2 * stepMs)
    lastMs = nowMs
  }
  const timer = setInterval(step, stepMs)
  onTestFinished(() => clearInterval(timer))
  return () => {
    step()
    return ranMs
  }
}
