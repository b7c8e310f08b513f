import type { Adapter, AdapterFactory } from '@sluice/core/spi'
import { RabbitMQAdapter } from './adapter.js'
import type { RabbitMQCapabilities } from './capabilities.js'
import { resolveOptions, type RabbitMQOptions } from './options.js'

export type { RabbitMQCapabilities } from './capabilities.js'
export type { ExistingGroup, ExistingNames, ExistingTopic } from './names.js'
export type { RabbitMQOptions } from './options.js'

/**
 * Messaging over RabbitMQ 3.10 to 4.x. Connects to nothing: that happens when a messaging object is made of it.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION, INVALID_CONFIGURATION naming the field and never a credential
 */
export function rabbitmq(options: RabbitMQOptions = {}): Adapter<RabbitMQCapabilities> {
  return new RabbitMQAdapter(resolveOptions(options))
}

/** For `connect('amqp://…')`. */
export const adapterFactory: AdapterFactory = {
  schemes: ['amqp', 'amqps'],
  fromUrl: (url, options) => rabbitmq({ url, ...options }),
}
