import { PermanentError, RetryAfterError, type Delivery } from '@sluice/core'
import type { Run, Runs } from './runs.js'

/** A handler of single messages that does anything that handlers may do. */
export function createSingle(runs: Runs): (message: unknown, delivery: Delivery) => unknown {
  const { dead, publish, plan } = runs.context
  return (_, delivery) => {
    if (dead()) return new Promise(() => undefined)
    runs.enter()
    const run = runs.begin(delivery, null)
    const published = run.random.chance(plan.publishes) ? publish(delivery.message.id, run.random) : undefined
    const work = runs.work(run)
    const conclude = (): void => {
      runs.leave()
      finish(runs, run)
    }
    if (work === undefined && published === undefined) return conclude()
    return Promise.all([work, published]).then(conclude)
  }
}

/** Settles, or throws, or does nothing. */
export function finish(runs: Runs, run: Run): void {
  const { delivery, random } = run
  const { quiet } = runs.context.world
  const dice = quiet ? 0 : random.next()
  if (runs.context.broken()) {
    runs.end(run, 'failed')
    throw new Error('nothing works')
  }
  if (dice < 0.64) return runs.end(run, 'ok')
  if (dice < 0.74) {
    runs.end(run, 'failed')
    throw random.chance(0.2) ? new RetryAfterError(random.int(0, 200)) : new Error('failed')
  }
  if (dice < 0.77) {
    runs.end(run, 'failed')
    throw new PermanentError('never')
  }
  if (dice < 0.83) {
    void delivery.retry(random.chance(0.5) ? { delayMs: random.int(0, 300) } : {})
    return runs.end(run, 'retried')
  }
  if (dice < 0.91) {
    void delivery.giveBack({ delayMs: random.int(0, 300) })
    return runs.end(run, 'given-back')
  }
  if (dice < 0.94) {
    void delivery.deadLetter('by the handler')
    return runs.end(run, 'dead-lettered')
  }
  void delivery.ack()
  runs.end(run, 'ok')
  if (dice < 0.97) throw new Error('after it had settled')
}
