import { SluiceError } from '../errors/sluice-error.js'
import type { Clock } from '../model/clock.js'
import type { Logger } from '../model/logger.js'

export interface Bound {
  readonly clock: Clock
  readonly log: Logger
  /** Longest time that is waited, in ms. */
  readonly ms: number
}

/**
 * One step of a close: waits for it no longer than `ms`, and never rejects. The signal tells the step when its time is over. False when
 * it was late or failed; what went wrong is logged, because nobody can act on it any more.
 */
export async function bounded(
  { clock, log, ms }: Bound,
  run: (signal: AbortSignal) => Promise<unknown> | undefined,
): Promise<boolean> {
  const abort = new AbortController()
  let cancel = (): void => undefined
  const late = new Promise<false>((resolve) => {
    cancel = clock.after(ms, () => {
      abort.abort(new SluiceError('DEADLINE', 'the deadline of close has passed'))
      resolve(false)
    })
  })
  try {
    return await Promise.race([Promise.resolve(run(abort.signal)).then(() => true), late])
  } catch (error) {
    log.warn('closing met an error', { error })
    return false
  } finally {
    cancel()
  }
}
