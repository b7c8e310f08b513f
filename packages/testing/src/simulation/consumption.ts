import {
  createMemoryStore,
  type DeliveryStream,
  type IdempotencyStore,
  type Messaging,
  type SubscribeBatchOptions,
  type Subscription,
} from '@sluice/core'
import { groupOptions } from './group-options.js'
import { createBatch } from './handling/batch.js'
import { createPulled } from './handling/pulled.js'
import { Runs } from './handling/runs.js'
import { createSingle } from './handling/single.js'
import type { GroupPlan } from './plan.js'
import type { ProcessClock } from './process-clock.js'
import { createSeeded, type Seeded } from './seeded.js'
import { createStoreWay, type StoreWay } from './store-way.js'
import type { World } from './world.js'

/** What all consumers of one group share: their store, and what became of their messages. */
export interface GroupState {
  readonly store: IdempotencyStore
  readonly failures: Map<string, number>
  readonly begun: Map<string, number>
  /** Everything fails at the moment. */
  broken: boolean
  batches: number
}

export function createGroupState({ clock }: World): GroupState {
  const store = createMemoryStore({ clock, leaseMs: 3_000 })
  return { store, failures: new Map(), begun: new Map(), broken: false, batches: 0 }
}

export interface ConsumptionContext {
  readonly world: World
  readonly plan: GroupPlan
  readonly state: GroupState
  readonly instance: string
  readonly clock: ProcessClock
  readonly messaging: Messaging
  readonly dead: () => boolean
  /** A close or a hand-over is under way. */
  readonly draining: () => boolean
  readonly publish: (id: string, random: Seeded) => Promise<void> | undefined
}

/** One subscription of one process. */
export class Consumption {
  readonly plan: GroupPlan
  readonly runs: Runs
  readonly way: StoreWay
  readonly #context: ConsumptionContext
  #subscription: Subscription | undefined
  #stream: DeliveryStream | undefined
  #stopPulling: () => void = () => undefined

  constructor(context: ConsumptionContext) {
    const { world, plan, state, instance, clock, dead, publish } = context
    const { failures, begun } = state
    this.#context = context
    this.plan = plan
    this.runs = new Runs({
      ...{ world, plan, instance, clock, dead, failures, begun, publish },
      broken: () => state.broken && !world.quiet,
    })
    const { topic, group } = plan
    this.way = createStoreWay(state.store, {
      ...{ clock, dead, random: createSeeded('store', world.seed, instance, group) },
      stale: () => world.journal.recorder.fault({ kind: 'claim-lost', instance, topic, group }),
    })
  }

  get subscription(): Subscription | undefined {
    return this.#subscription
  }

  async begin(): Promise<void> {
    const { world, plan, messaging, state, instance, draining } = this.#context
    const random = createSeeded('limiter', world.seed, instance, plan.group)
    const { idempotent } = plan
    const options: SubscribeBatchOptions = {
      ...groupOptions(plan, random),
      ...(idempotent === undefined ? {} : { idempotency: { store: this.way, onStoreDown: idempotent } }),
    }
    const topic = world.topics[plan.topic]
    if (plan.form === 'single') {
      this.#subscription = await messaging.subscribe(topic, options, createSingle(this.runs))
    } else if (plan.form === 'batch') {
      const partlyFailed = (): void => {
        if (draining()) world.situations.saw('batch partly failed at drain')
      }
      const handler = createBatch(this.runs, { nextNumber: () => (state.batches += 1), partlyFailed })
      this.#subscription = await messaging.subscribeBatch(topic, options, handler)
    } else {
      const stream = messaging.stream(topic, options)
      const pulled = createPulled(this.runs)
      this.#stream = stream
      this.#stopPulling = pulled.stop
      const loop = async (): Promise<void> => {
        for await (const delivery of stream) void pulled.turn(delivery)
      }
      void loop()
      this.#subscription = await stream.subscription
    }
  }

  /** Ends the loop over a stream, if there is one. */
  leaveLoop(): void {
    if (this.#stream === undefined) return
    this.#stopPulling()
    void this.#stream.close()
  }
}
