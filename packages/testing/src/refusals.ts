import type { Capabilities } from '@sluice/core/spi'
import type { Id } from './ids.js'

/** A capability that an adapter may lack without failing the kit. */
export type RefusableCapability = 'replay' | 'attemptRecord' | 'giveBack'

/** One part of an id that an adapter may refuse. Everything that is not in the table has to pass. */
export interface Refusal {
  readonly capability: RefusableCapability
  readonly id: Id
  /** Name of the part of the id, see `ConformanceDefinition.part`. */
  readonly part: string
}

/** What may be refused, and by lack of what. */
export const refusals: readonly Refusal[] = [
  { capability: 'replay', id: 'C17', part: 'replay' },
  { capability: 'attemptRecord', id: 'S9', part: 'kill' },
  { capability: 'attemptRecord', id: 'T3', part: 'kill' },
  { capability: 'giveBack', id: 'S1', part: 'single' },
]

/**
 * Ids that no adapter refuses but that ask for different things: S5 gives back by rewind without `giveBack: 'single'`, P17 stores
 * with `routing: 'log'` and rejects with `'bound'`. Their tests look at the capability and check the one or the other.
 */
export const variations: readonly { readonly capability: 'giveBack' | 'routing'; readonly id: Id }[] = [
  { capability: 'giveBack', id: 'S5' },
  { capability: 'routing', id: 'P17' },
]

export function hasCapability(capabilities: Capabilities, name: RefusableCapability): boolean {
  return name === 'giveBack' ? capabilities.giveBack === 'single' : capabilities[name]
}
