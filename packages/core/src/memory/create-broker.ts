import { checkKeys } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { Broker } from './broker.js'
import { memoryBrokerOptionNames, type MemoryBrokerOptions } from './broker-options.js'
import { createControl, type MemoryControl } from './control.js'
import type { MemoryLike } from './like.js'

/** The inside of a broker, found by the adapter of any copy of this package. */
const inside = Symbol.for('sluice.memory-broker')

/** A broker that lives in the process: topics, groups, and what they have not settled. */
export interface MemoryBroker<L extends MemoryLike = MemoryLike> {
  readonly like: L
  readonly name: string
  /** For tests: breaks connections, stops and freezes, and looks inside. */
  readonly control: MemoryControl
}

/**
 * Makes a broker that only those share who are handed it.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function createMemoryBroker<const L extends MemoryLike = 'queue'>(
  options: MemoryBrokerOptions<L> = {},
): MemoryBroker<L> {
  checkKeys('options', options, memoryBrokerOptionNames)
  const broker = new Broker(options.like ?? 'queue', options)
  const handle = { like: broker.like as L, name: broker.name, control: createControl(broker) }
  return Object.defineProperty(handle, inside, { value: broker })
}

/** @throws SluiceError INVALID_OPTION */
export function brokerOf(handle: MemoryBroker): Broker {
  const broker = (handle as { readonly [inside]?: Broker } | null)?.[inside]
  if (broker !== undefined) return broker
  throw new SluiceError('INVALID_OPTION', 'broker must be what createMemoryBroker() returned', { field: 'broker' })
}
