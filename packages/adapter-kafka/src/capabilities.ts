import type { Capabilities } from '@sluice/core/spi'

/** What Kafka offers through this adapter. */
export interface KafkaCapabilities extends Capabilities {
  readonly routing: 'log'
  readonly replay: true
  readonly keyedOrder: true
  readonly giveBack: 'rewind'
  readonly giveBackDelay: false
  readonly groupAddress: true
  readonly durableDelay: true
  readonly attemptRecord: true
  readonly provisioning: 'declare'
  readonly byteWindow: true
}

export const capabilities: KafkaCapabilities = {
  routing: 'log',
  replay: true,
  keyedOrder: true,
  giveBack: 'rewind',
  giveBackDelay: false,
  groupAddress: true,
  durableDelay: true,
  attemptRecord: true,
  provisioning: 'declare',
  byteWindow: true,
  notes: {
    routing: { how: 'native', cost: 'messages are kept until retention takes them' },
    replay: { how: 'native', cost: 'reaches back as far as retention' },
    keyedOrder: { how: 'native' },
    giveBack: {
      how: 'emulated',
      cost: 'only a whole claim: it is rewound and everything that is not done comes again',
    },
    giveBackDelay: { how: 'refused' },
    groupAddress: { how: 'emulated', cost: 'one topic for each group, with as many partitions as its source' },
    durableDelay: {
      how: 'emulated',
      cost: 'one topic for each unordered group, in which a consumer moves a message on several times',
    },
    attemptRecord: { how: 'emulated', cost: 'a commit for each failure that is recorded, in its metadata' },
    provisioning: { how: 'native' },
    byteWindow: { how: 'native' },
  },
}
