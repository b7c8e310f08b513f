import { defineTopic, unchecked, type Topic } from '@sluice/core'
import {
  createMemoryBroker,
  createSimulatedClock,
  type MemoryBroker,
  type MemoryControl,
  type SimulatedClock,
} from '@sluice/core/memory'
import { createFacts, type Facts } from './facts.js'
import { createJournal, type Journal } from './journal.js'
import { createLasting, type Lasting } from './lasting.js'
import { createLatency } from './network.js'
import type { GroupPlan, Plan, TopicName } from './plan.js'
import type { Schedule } from './schedule.js'
import { createProcessClock } from './process-clock.js'
import { createSeeded } from './seeded.js'
import { createSituations, type Situations } from './situations.js'

export interface Payload {
  readonly k: string | null
  readonly id: string
}

/** How often a client that hears nothing asks whether anybody is there. */
const heartbeatMs = 300

/** What all parts of a run have in common: time, the broker, and what is written down. */
export class World {
  readonly seed: number
  readonly plan: Plan
  readonly clock: SimulatedClock
  readonly broker: MemoryBroker
  readonly journal: Journal
  readonly situations: Situations
  readonly facts: Facts
  readonly lasting: Lasting
  readonly topics: Readonly<Record<TopicName, Topic<Payload, Payload>>>
  /** Peace: nothing fails any more. */
  quiet = false
  /** Counts timers that ran: two things with the same number happened without any time between them. */
  turn = 0
  /** Faults that were made. */
  faults = 0

  constructor({ seed, plan }: Schedule, verbose: boolean) {
    this.seed = seed
    this.plan = plan
    const order = createSeeded('order', seed)
    this.clock = createSimulatedClock({ settle: 'promises', rank: () => order.int(0, 7) })
    const { like, holdMs, sessionMs } = plan
    this.broker = createMemoryBroker({
      ...{ like, clock: createProcessClock(this.clock, () => (this.turn += 1)), sessionMs, heartbeatMs },
      ...{ name: 'simulated', latencyMs: createLatency(seed, plan), unkeyedPartitions: like === 'log' ? 2 : 1 },
      ...(holdMs === undefined ? {} : { holdMs }),
    })
    this.journal = createJournal(() => this.clock.monotonic(), verbose)
    this.situations = createSituations((text) => this.note(text))
    this.facts = createFacts(this.journal.recorder)
    this.control.watch(this.facts)
    this.lasting = createLasting(this.clock)
    this.topics = {
      orders: defineTopic('orders', {
        schema: unchecked<Payload>(),
        key: (payload) => payload.k,
        partitions: plan.partitions,
      }),
      notes: defineTopic('notes', { schema: unchecked<Payload>() }),
    }
  }

  get control(): MemoryControl {
    return this.broker.control
  }

  group(number: number): GroupPlan {
    return this.plan.groups[number % this.plan.groups.length] as GroupPlan
  }

  /** Nothing is broken at the moment. */
  get calm(): boolean {
    return !this.lasting.active
  }

  note(text: string): void {
    this.journal.note(text)
  }

  /** Something is done that may break things. */
  fault(text: string): void {
    this.faults += 1
    this.note(text)
  }

  problem(text: string): void {
    this.note(`PROBLEM ${text}`)
    this.journal.problem(text)
  }
}
