import { checkFunction, checkKeys, checkOneOf } from '../errors/check-options.js'
import type { Idempotency } from '../model/store.js'
import { createMemoryStore, memoryStoreOptionNames, type MemoryStoreOptions } from './memory-store.js'

/** Options of {@link memoryIdempotency}. */
export interface MemoryIdempotencyOptions extends MemoryStoreOptions, Omit<Idempotency, 'store' | 'middleware'> {}

/**
 * Handles each message once, for as long as this process lives: what `subscribe` takes as `idempotency`. Each call makes a store of
 * its own; subscriptions that are given the same value share it.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function memoryIdempotency(options: MemoryIdempotencyOptions = {}): Idempotency {
  checkKeys('options', options, [...memoryStoreOptionNames, 'id', 'onStoreDown'])
  const { id, onStoreDown, ...storeOptions } = options
  checkFunction('id', id)
  checkOneOf('onStoreDown', onStoreDown, ['pause', 'process'])
  return { store: createMemoryStore(storeOptions), id, onStoreDown }
}
