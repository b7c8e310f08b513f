import { isSluiceError, type Delivery } from '@sluice/core'
import type { HandlerOutcome } from '../../history/event.js'
import { nameOfKey } from '../keys.js'
import type { GroupPlan } from '../plan.js'
import type { ProcessClock } from '../process-clock.js'
import { createSeeded, type Seeded } from '../seeded.js'
import type { Payload, World } from '../world.js'

export interface RunsContext {
  readonly world: World
  readonly plan: GroupPlan
  /** One life of one process. */
  readonly instance: string
  readonly clock: ProcessClock
  readonly dead: () => boolean
  /** Everything of this group fails at the moment. */
  readonly broken: () => boolean
  /** Failed attempts and begun runs of a message in this group, over all instances. */
  readonly failures: Map<string, number>
  readonly begun: Map<string, number>
  /** Publishes from inside a handler. */
  readonly publish: (id: string, random: Seeded) => Promise<void> | undefined
}

/** One hand-over to a handler. */
export interface Run {
  readonly delivery: Delivery
  readonly run: number
  /** Decides what the handler does. */
  readonly random: Seeded
  ended: boolean
}

/** The handler runs of one subscription, as the handlers themselves see them. */
export class Runs {
  readonly context: RunsContext
  readonly #open = new Set<Run>()
  /** Handler calls at this moment. */
  #calls = 0
  /** What was given back last, and the turn in which that was. */
  lastGivenBack: { readonly partition: number; readonly turn: number } | undefined
  /** Handlers that outlived the deadline of a hand-over or a close. */
  expired = 0
  /** When a handler of this process ended last. */
  lastEndMs = 0

  constructor(context: RunsContext) {
    this.context = context
  }

  /** A handler is called. */
  enter(): void {
    const { plan, world, instance } = this.context
    this.#calls += 1
    if (this.#calls > plan.concurrency) world.problem(`${instance}: ${this.#calls} calls of ${plan.group} at once`)
  }

  leave(): void {
    this.#calls -= 1
  }

  begin(delivery: Delivery, batch: number | null): Run {
    const { world, plan, instance, failures, begun } = this.context
    const { topic, group } = plan
    const { recorder } = world.journal
    const { message, attempt, partition } = delivery
    const { id } = message
    this.#check(delivery)
    const nth = (begun.get(id) ?? 0) + 1
    begun.set(id, nth)
    const most = 1 + (failures.get(id) ?? 0)
    if (attempt > most) world.problem(`attempt ${attempt} of ${id} in ${group} after ${most - 1} failures`)
    const key = nameOfKey(message.key)
    const run = recorder.handlerStarted({ topic, id, group, instance, key, attempt, partition, batch })
    delivery.signal.addEventListener('abort', () => {
      const scope = { instance, topic, group, partition }
      if (reasonOf(delivery) !== 'DEADLINE') return
      this.expired += 1
      recorder.fault({ kind: 'drain-expired', ...scope })
    })
    const one: Run = { delivery, run, random: createSeeded('run', world.seed, group, id, nth), ended: false }
    this.#open.add(one)
    return one
  }

  /** Writes down how a run ended. That it was the last attempt is told by the dead letter, not by the handler. */
  end(run: Run, outcome: HandlerOutcome): void {
    const { world, plan, dead, failures } = this.context
    if (run.ended || dead()) return
    run.ended = true
    this.#open.delete(run)
    this.lastEndMs = world.clock.monotonic()
    const { delivery } = run
    const { id } = delivery.message
    let told = outcome
    if (isLate(delivery) && told === 'ok') told = 'failed'
    // With a store the effect of a lost run counts, and nobody runs it again.
    if (isGone(delivery) && !(told === 'ok' && plan.idempotent !== undefined)) told = 'lost'
    if (told === 'failed' || told === 'retried') failures.set(id, (failures.get(id) ?? 0) + 1)
    if (outcome === 'given-back') this.lastGivenBack = { partition: delivery.partition, turn: world.turn }
    world.journal.recorder.handlerEnded(run.run, told === 'retried' ? 'failed' : told)
  }

  /** Whether a run of this partition is open. */
  running(partition?: number): boolean {
    return [...this.#open].some((run) => partition === undefined || run.delivery.partition === partition)
  }

  /** Takes its time; ends early when the signal fires, if the handler listens. */
  work({ delivery, random }: Run): Promise<void> | undefined {
    const { clock, dead } = this.context
    const ms = this.#duration(random)
    const listens = random.chance(0.6)
    if (ms === 0) return undefined
    return new Promise((resolve) => {
      const done = (): void => {
        if (!dead()) resolve()
      }
      const cancel = clock.after(ms, done)
      if (!listens) return
      delivery.signal.addEventListener('abort', () => {
        cancel()
        done()
      })
    })
  }

  #duration(random: Seeded): number {
    const { world, plan } = this.context
    if (world.quiet) return random.int(0, 3)
    if (random.chance(0.15)) return 0
    const slow = world.plan.holdMs === undefined ? 0.02 : 0.05
    if (random.chance(plan.form === 'batch' ? 2 * slow : slow)) return random.int(300, 3_000)
    return random.chance(0.5) ? random.int(1, 10) : random.int(1, 60)
  }

  #check({ message }: Delivery): void {
    const { world, plan } = this.context
    const payload = message.payload as Payload
    if (payload.id !== message.id)
      world.problem(`${message.id} came to ${plan.group} with the payload of ${payload.id}`)
  }
}

const reasonOf = ({ signal }: Delivery): string | undefined =>
  signal.aborted && isSluiceError(signal.reason) ? signal.reason.code : undefined

/** Lost, or past the deadline of a drain: somebody else gets it. */
export const isGone = (delivery: Delivery): boolean =>
  delivery.signal.aborted && reasonOf(delivery) !== 'HANDLER_TIMEOUT'

export const isLate = (delivery: Delivery): boolean => reasonOf(delivery) === 'HANDLER_TIMEOUT'
