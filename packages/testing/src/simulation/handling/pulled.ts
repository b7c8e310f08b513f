import type { Delivery } from '@sluice/core'
import { isGone, isLate, type Runs } from './runs.js'

/** Turns of a loop over a stream, that go on beside the loop. */
export interface Pulled {
  turn(delivery: Delivery): Promise<void>
  /** The loop is left: what it has not settled goes back. */
  stop(): void
}

export function createPulled(runs: Runs): Pulled {
  const { world, dead } = runs.context
  const pulling = new Set<() => void>()
  let stopped = false

  const turn = async (delivery: Delivery): Promise<void> => {
    // What the loop hands on when it is left already goes back with the stream.
    if (dead() || stopped) return
    runs.enter()
    const run = runs.begin(delivery, null)
    let left = false
    const leave = (): void => {
      if (!left) runs.leave()
      left = true
      pulling.delete(stop)
    }
    const stop = (): void => {
      runs.end(run, 'given-back')
      leave()
    }
    pulling.add(stop)
    // In a stream a lost delivery is at its end at once.
    delivery.signal.addEventListener('abort', () => {
      if (!isGone(delivery)) return
      runs.end(run, 'lost')
      leave()
    })
    await runs.work(run)
    if (left) return
    leave()
    if (delivery.settled) {
      // Overdue, so that its signal could not fire once more when it went back.
      runs.end(run, 'given-back')
      return
    }
    const dice = world.quiet ? 0 : run.random.next()
    if (runs.context.broken()) {
      runs.end(run, 'retried')
      await delivery.retry()
    } else if (dice < 0.65 || isLate(delivery)) {
      runs.end(run, 'ok')
      await delivery.ack()
    } else if (dice < 0.8) {
      runs.end(run, 'retried')
      await delivery.retry()
    } else if (dice < 0.92) {
      runs.end(run, 'given-back')
      await delivery.giveBack()
    } else {
      runs.end(run, 'dead-lettered')
      await delivery.deadLetter('pulled')
    }
  }

  return {
    turn,
    stop: () => {
      stopped = true
      for (const stop of pulling) stop()
    },
  }
}
