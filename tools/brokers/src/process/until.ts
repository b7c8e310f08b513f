import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError } from '../broker-error.js'

export interface UntilOptions {
  /** Longest wait, in ms. @default 10000 */
  readonly timeoutMs?: number
  /** Pause between two looks, in ms. @default 50 */
  readonly everyMs?: number
}

/**
 * Looks again and again until the answer is true.
 *
 * @throws BrokerError `FAILED` with `what` when it is not in time; what a look throws ends the wait
 */
export async function until(what: string, look: () => Promise<boolean>, options: UntilOptions = {}): Promise<void> {
  const { timeoutMs = 30_000, everyMs = 50 } = options
  const deadline = performance.now() + timeoutMs
  while (!(await look())) {
    if (performance.now() > deadline) throw new BrokerError('FAILED', `After ${timeoutMs} ms still not: ${what}`)
    await delay(everyMs)
  }
}
