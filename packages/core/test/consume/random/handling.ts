import type { Recorder } from '@sluice/testing'
import { PermanentError, RetryAfterError } from '../../../src/errors/handler-errors.js'
import { isSluiceError } from '../../../src/errors/sluice-error.js'
import type { Delivery } from '../../../src/model/delivery.js'
import type { Clock } from '../../../src/model/clock.js'
import type { GroupPlan } from './plan.js'
import type { Seeded } from './seeded.js'

export interface HandlingContext {
  readonly plan: GroupPlan
  readonly instance: string
  readonly clock: Clock
  readonly random: Seeded
  readonly recorder: Recorder
  readonly dead: () => boolean
  readonly quiet: () => boolean
  readonly fault: (text: string) => void
  /** Failed attempts of a message in this group, over all instances. */
  readonly failures: Map<string, number>
  readonly nextBatch: () => number
}

interface Run {
  readonly delivery: Delivery
  readonly run: number
  ended: boolean
}

type Outcome = Parameters<Recorder['handlerEnded']>[1]

/** A handler that does anything that handlers may do, and writes down what it did. */
export function createHandling(context: HandlingContext) {
  const { plan, instance, clock, random, recorder, dead, quiet, fault, failures } = context
  const { topic, group, options } = plan
  /** Handler calls at this moment. */
  let calls = 0
  /** A durable copy comes in a batch again. */
  const copied = options.retry !== false && options.retry?.placement === 'delayed'
  /** Members of a batch that failed: each has to come alone now. */
  const mustBeAlone = new Set<string>()

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, () => {
        if (!dead()) resolve()
      })
    })

  const open = new Set<Run>()
  const copiedAtMs = new Map<number, number>()

  const begin = (delivery: Delivery, batch: number | null): Run => {
    const { message, attempt, partition } = delivery
    const most = 1 + (failures.get(message.id) ?? 0)
    if (attempt > most) fault(`attempt ${attempt} of ${message.id} in ${group} after ${most - 1} failures`)
    const key = message.key as string | null
    const run = recorder.handlerStarted({ topic, id: message.id, group, instance, key, attempt, partition, batch })
    delivery.signal.addEventListener('abort', () => {
      const code = isSluiceError(delivery.signal.reason) ? delivery.signal.reason.code : ''
      const scope = { instance, topic, group, partition }
      if (code === 'DELIVERY_LOST') recorder.fault({ kind: 'claim-lost', ...scope })
      else if (code === 'DEADLINE') recorder.fault({ kind: 'drain-expired', ...scope })
    })
    const begun: Run = { delivery, run, ended: false }
    open.add(begun)
    return begun
  }

  const isGone = ({ signal }: Delivery): boolean =>
    signal.aborted && (!isSluiceError(signal.reason) || signal.reason.code !== 'HANDLER_TIMEOUT')
  const isLate = (delivery: Delivery): boolean => delivery.signal.aborted && !isGone(delivery)

  const end = (run: Run, outcome: Outcome): void => {
    if (run.ended || dead()) return
    run.ended = true
    open.delete(run)
    if (outcome === 'dead-lettered') copiedAtMs.set(run.delivery.partition, clock.monotonic())
    let told = outcome
    if (isLate(run.delivery) && told === 'ok') told = 'failed'
    // With a store the effect of a lost run counts, and nobody runs it again.
    if (isGone(run.delivery) && !(told === 'ok' && plan.idempotent !== undefined)) told = 'lost'
    if (told === 'failed' || told === 'retried')
      failures.set(run.delivery.message.id, (failures.get(run.delivery.message.id) ?? 0) + 1)
    // A retry may be one too many, and what is to be dead-lettered comes again when that fails: the dead letters tell.
    recorder.handlerEnded(
      run.run,
      told === 'retried' || (told === 'dead-lettered' && plan.form !== 'batch') ? 'failed' : told,
    )
  }

  /** Returns early when the signal fires, if it listens. */
  const work = async (delivery: Delivery, ms: number, listens: boolean): Promise<void> => {
    if (ms === 0) return
    if (!listens) return sleep(ms)
    await new Promise<void>((resolve) => {
      const done = (): void => {
        if (!dead()) resolve()
      }
      const cancel = clock.after(ms, done)
      delivery.signal.addEventListener('abort', () => {
        cancel()
        done()
      })
    })
  }

  const duration = (): number => {
    if (quiet()) return random.int(0, 3)
    if (random.chance(0.15)) return 0
    return random.chance(0.06) ? random.int(300, 3_000) : random.int(1, 60)
  }

  /** Settles, or throws, or does nothing. */
  const finish = (run: Run): void => {
    const { delivery } = run
    const dice = quiet() ? 0 : random.next()
    if (dice < 0.6) return end(run, 'ok')
    if (dice < 0.72) {
      end(run, 'failed')
      throw random.chance(0.2) ? new RetryAfterError(random.int(0, 200)) : new Error('failed')
    }
    if (dice < 0.76) {
      end(run, 'failed')
      throw new PermanentError('never')
    }
    if (dice < 0.82) {
      void delivery.retry(random.chance(0.5) ? { delayMs: random.int(0, 300) } : {})
      return end(run, 'retried')
    }
    if (dice < 0.9) {
      void delivery.giveBack({ delayMs: random.int(0, 300) })
      return end(run, 'given-back')
    }
    if (dice < 0.94) {
      void delivery.deadLetter('by the handler')
      return end(run, 'dead-lettered')
    }
    void delivery.ack()
    end(run, 'ok')
    if (dice < 0.97) throw new Error('after it had settled')
  }

  const enter = (): void => {
    calls += 1
    if (calls > (options.concurrency ?? 10)) fault(`${calls} calls of ${group} at once`)
  }

  const single = (_: unknown, delivery: Delivery): unknown => {
    if (dead()) return new Promise(() => undefined)
    enter()
    const run = begin(delivery, null)
    const ms = duration()
    const listens = random.chance(0.6)
    if (ms === 0) {
      calls -= 1
      return finish(run)
    }
    return work(delivery, ms, listens).then(() => {
      calls -= 1
      finish(run)
    })
  }

  const batch = async (deliveries: readonly Delivery[]): Promise<void> => {
    if (dead()) return new Promise(() => undefined)
    enter()
    const { maxSize = 100 } = options
    if (deliveries.length > maxSize || deliveries.length === 0) fault(`a batch of ${deliveries.length} in ${group}`)
    for (const { message } of deliveries) {
      if (mustBeAlone.has(message.id) && deliveries.length > 1)
        fault(`${message.id} came in a batch after one had failed`)
    }
    const number = context.nextBatch()
    const runs = deliveries.map((delivery) => begin(delivery, number))
    const [first] = deliveries as [Delivery]
    if (deliveries.length === 1) mustBeAlone.delete(first.message.id)
    await work(first, duration(), random.chance(0.6))
    calls -= 1
    const alone = runs.length === 1
    const fails = !quiet() && random.chance(0.25)
    // Core takes back what follows a member of its key that is not done.
    const blocked = new Set<unknown>()
    for (const run of runs) {
      if (alone) {
        finish(run)
        return
      }
      const key = plan.ordered ? run.delivery.message.key : null
      const follows = key !== null && blocked.has(key)
      const done = fails && random.chance(0.5) ? undefined : settleMember(run, follows)
      if (done !== true) blocked.add(key)
    }
    if (fails) {
      for (const run of runs) {
        if (run.delivery.settled) continue
        if (!run.delivery.signal.aborted && !copied) mustBeAlone.add(run.delivery.message.id)
        // Nothing is counted: who was wrong is not known.
        end(run, 'given-back')
      }
      throw new Error('the batch has failed')
    }
  }

  /** Whether it is done. */
  const settleMember = (run: Run, follows: boolean): boolean => {
    const { delivery } = run
    const dice = quiet() ? 0 : random.next()
    const told = (outcome: Outcome): boolean => {
      end(run, follows ? 'given-back' : outcome)
      return !follows && (outcome === 'dead-lettered' || (outcome === 'ok' && !isLate(delivery)))
    }
    if (isGone(delivery)) {
      // What the store would be told of a lost member behind a failed one of its key is more than the checker can tell.
      void delivery.retry()
      return told('lost')
    }
    if (dice < 0.65) {
      void delivery.ack()
      return told('ok')
    }
    if (dice < 0.8) {
      void delivery.retry()
      return told('retried')
    }
    if (dice < 0.9) {
      void delivery.giveBack()
      return told('given-back')
    }
    void delivery.deadLetter('member')
    return told('dead-lettered')
  }

  const pulling = new Set<() => void>()

  /** One turn of a loop over a stream; goes on beside the loop. */
  const pulled = async (delivery: Delivery): Promise<void> => {
    if (dead()) return
    enter()
    const run = begin(delivery, null)
    let left = false
    const leave = (): void => {
      if (!left) calls -= 1
      left = true
      pulling.delete(stop)
    }
    const stop = (): void => {
      end(run, 'given-back')
      leave()
    }
    pulling.add(stop)
    // In a stream a lost delivery is at its end at once.
    delivery.signal.addEventListener('abort', () => {
      if (!isGone(delivery)) return
      end(run, 'lost')
      leave()
    })
    await work(delivery, duration(), true)
    if (left) return
    leave()
    const late = isLate(delivery)
    const dice = quiet() ? 0 : random.next()
    if (dice < 0.65 || late) {
      end(run, 'ok')
      await delivery.ack()
    } else if (dice < 0.8) {
      end(run, 'retried')
      await delivery.retry()
    } else if (dice < 0.92) {
      end(run, 'given-back')
      await delivery.giveBack()
    } else {
      end(run, 'dead-lettered')
      await delivery.deadLetter('pulled')
    }
  }

  /** The loop is left: what it has not settled goes back. */
  const stopPulling = (): void => {
    for (const stop of pulling) stop()
  }

  /** Whether a run of this partition is open, or its dead letter may be on its way. */
  const running = (partition: number): boolean =>
    [...open].some((run) => run.delivery.partition === partition) ||
    clock.monotonic() - (copiedAtMs.get(partition) ?? -Infinity) < 1_000

  return { single, batch, pulled, stopPulling, running }
}
