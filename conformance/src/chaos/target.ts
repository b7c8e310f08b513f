import type { Messaging } from '@sluice/core'
import type { Crew } from './crew/crew.js'
import type { Facts } from './facts.js'

/** A broker of its own that can be broken. */
export interface Target {
  /** For people: name, version, nodes. */
  readonly broker: string
  readonly nodes: number
  /** For the processes of the crew, as JSON; see `connections.ts`. Leads through whatever the faults need in between. */
  readonly connection: unknown
  /** After that many ms without a sign of life broker and client begin to doubt each other. */
  readonly heartbeatMs: number
  /** What this broker offers beside the faults of processes. */
  readonly faults: readonly FaultKind[]
  /** Topics and groups are there: none of them may be lost by the death of the broker. */
  provisioned(): Promise<void>
  /** Messages that the groups of a topic have not settled. */
  unsettled(topic: string): Promise<number>
  close(): Promise<void>
}

/** What can be broken in one way. */
export interface FaultKind {
  /** As in the fault matrix: F1, F2 … */
  readonly id: string
  readonly title: string
  /** About how long it takes, in ms, recovery included. */
  readonly expectedMs: number
  /** How often it is drawn, relative to the others. */
  readonly weight: number
  /** Breaks and mends; resolves when nothing is broken any more. Returns what it did, in a few words. */
  run(scene: Scene): Promise<string>
}

/** What a fault can reach. */
export interface Scene {
  /** From 0 up to 1, by the seed. */
  readonly random: () => number
  readonly crew: Crew
  readonly facts: Facts
  readonly heartbeatMs: number
  /** Of the one who watches: it publishes and consumes nothing that is counted. */
  readonly watcher: Messaging
  /** Makes another such, to be closed by whoever asked. */
  readonly another: () => Promise<Messaging>
  /** Something is not as it was promised. */
  readonly problem: (text: string) => void
}

/** A whole number from `least` to `most`, by the seed. */
export function between({ random }: Pick<Scene, 'random'>, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

/** One of them, by the seed. @throws RangeError when there is none */
export function oneOf<T>({ random }: Pick<Scene, 'random'>, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('chaos: there is nothing to choose from')
  return item
}
