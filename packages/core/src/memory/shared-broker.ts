import { SluiceError } from '../errors/sluice-error.js'
import type { Broker } from './broker.js'
import { brokerOf, createMemoryBroker, type MemoryBroker } from './create-broker.js'
import type { MemoryLike } from './like.js'

/** On the global object, so that an ESM and a CJS copy of this package meet in one broker. */
const registryKey = Symbol.for('sluice.memory-brokers')

interface Registry {
  [registryKey]?: Map<string, MemoryBroker>
}

/** The broker of this name and kind that the whole process shares, made when it is first asked for. */
export function sharedBroker(like: MemoryLike, name: string, partitions: number | undefined): Broker {
  const holder = globalThis as Registry
  const brokers = (holder[registryKey] ??= new Map())
  const key = `${like}:${name}`
  const handle = brokers.get(key) ?? createMemoryBroker({ like, name, partitions })
  brokers.set(key, handle)
  const broker = brokerOf(handle)
  if (partitions === undefined || partitions === broker.limits.partitions) return broker
  const text = `partitions is ${partitions}, but memory broker "${name}" (${like}) runs already with ${broker.limits.partitions}`
  throw new SluiceError('INVALID_OPTION', text, { field: 'partitions' })
}
