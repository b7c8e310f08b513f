import type { Adapter, AdapterFactory } from '@sluice/core/spi'
import { KafkaAdapter } from './adapter.js'
import type { KafkaCapabilities } from './capabilities.js'
import { resolveOptions, type KafkaOptions } from './options.js'
import { kafkajsDriver } from './wire/kafkajs/driver.js'

export type { KafkaCapabilities } from './capabilities.js'
export type { KafkaOptions } from './options.js'

/**
 * Messaging over Kafka 3.9 to 4.x. Connects to nothing: that happens when a messaging object is made of it.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_CONFIGURATION naming the field and never a credential
 */
export function kafka(options: KafkaOptions = {}): Adapter<KafkaCapabilities> {
  return new KafkaAdapter(resolveOptions(options), kafkajsDriver)
}

/** For `connect('kafka://…')`. */
export const adapterFactory: AdapterFactory = {
  schemes: ['kafka'],
  fromUrl: (url, options) => kafka({ url, ...options }),
}
