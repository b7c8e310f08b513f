import { checkKeys, checkNumber } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { Clock } from '../model/clock.js'
import type { Limiter, LimiterGate } from '../model/limiter.js'
import { Pace } from './pace.js'
import { Turns } from './turns.js'

/** Options of {@link perSecond}. */
export interface PerSecondOptions {
  /**
   * Most handler starts at once after a quiet time; a whole number. In any window of W seconds there are at most `burst` + rate × W
   * starts. With 1 the starts are strictly apart, and what a timer is late is lost.
   * @default 50 ms worth of the rate, at least 1, and at least 2 above 10 per second
   */
  readonly burst?: number
}

/** A place is kept at least this long past its moment: timers are late. */
const patienceMs = 5

/**
 * Limits handler starts to `rate` per second in this process; 0.5 is one every two seconds. Starts are paced evenly. Several
 * subscriptions that are given the same limiter share its rate evenly.
 * @throws SluiceError INVALID_OPTION, UNKNOWN_OPTION
 */
export function perSecond(rate: number, options: PerSecondOptions = {}): Limiter {
  checkRate(rate)
  checkKeys('options', options, ['burst'])
  checkNumber('burst', options.burst, { min: 1, integer: true })
  const burst = options.burst ?? defaultBurst(rate)
  // Moments of two clocks cannot be compared, so each clock has its own tokens; in production there is one clock.
  const shares = new WeakMap<Clock, Share>()
  return {
    name: `perSecond(${rate})`,
    attach: ({ clock }) => {
      const share = shares.get(clock) ?? { pace: new Pace(rate, burst), turns: new Turns() }
      shares.set(clock, share)
      return gate(share, clock)
    },
  }
}

interface Share {
  readonly pace: Pace
  readonly turns: Turns
}

function gate({ pace, turns }: Share, clock: Clock): LimiterGate {
  const sharer = turns.join()
  return {
    take: () => {
      const nowMs = clock.monotonic()
      const waitMs = pace.waitMs(nowMs, turns.before(sharer, nowMs))
      if (waitMs > 0) {
        turns.wait(sharer, nowMs + waitMs + Math.max(pace.intervalMs, patienceMs))
        return waitMs
      }
      turns.serve(sharer)
      pace.take(nowMs)
      return 0
    },
    close: () => turns.leave(sharer),
  }
}

/** Enough to make up for a late timer: with intervals of 100 ms and less, a millisecond each time would cost more than 1 %. */
const defaultBurst = (rate: number): number => Math.max(Math.ceil(rate / 20), rate > 10 ? 2 : 1)

function checkRate(rate: unknown): void {
  if (typeof rate === 'number' && rate > 0 && rate <= 1e9) return
  const shown = typeof rate === 'number' ? String(rate) : typeof rate
  throw new SluiceError('INVALID_OPTION', `rate must be a number above 0 and at most 1000000000, got ${shown}`, {
    field: 'rate',
  })
}
