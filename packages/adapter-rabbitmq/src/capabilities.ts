import type { Capabilities } from '@sluice/core/spi'

/** What RabbitMQ offers through this adapter. */
export interface RabbitMQCapabilities extends Capabilities {
  readonly routing: 'bound'
  readonly replay: false
  readonly keyedOrder: true
  readonly giveBack: 'single'
  readonly giveBackDelay: false
  readonly groupAddress: true
  readonly durableDelay: true
  readonly attemptRecord: false
  readonly provisioning: 'declare'
  readonly byteWindow: false
}

export const capabilities: RabbitMQCapabilities = {
  routing: 'bound',
  replay: false,
  keyedOrder: true,
  giveBack: 'single',
  giveBackDelay: false,
  groupAddress: true,
  durableDelay: true,
  attemptRecord: false,
  provisioning: 'declare',
  byteWindow: false,
  notes: {
    routing: { how: 'native', cost: 'one entry per message and group' },
    replay: { how: 'refused' },
    keyedOrder: {
      how: 'emulated',
      cost: 'one quorum queue per partition and group, shared among instances by announcements',
    },
    giveBack: { how: 'native' },
    giveBackDelay: { how: 'refused' },
    groupAddress: { how: 'native' },
    durableDelay: {
      how: 'emulated',
      cost: '24 delay queues per vhost; a message passes one for each bit of its delay',
    },
    attemptRecord: { how: 'refused' },
    provisioning: { how: 'native' },
    byteWindow: { how: 'refused', cost: 'the broker bounds what it hands over by messages only' },
  },
}
