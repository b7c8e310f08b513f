import type { Capabilities } from '@sluice/core/spi'

/** What Kafka offers through this adapter. */
export interface KafkaCapabilities extends Capabilities {
  readonly routing: 'log'
  readonly replay: true
  readonly keyedOrder: true
  readonly giveBack: 'rewind'
  readonly giveBackDelay: false
  readonly groupAddress: true
  readonly durableDelay: false
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
  durableDelay: false,
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
    durableDelay: { how: 'refused', cost: 'delays are held in place' },
    attemptRecord: { how: 'emulated', cost: 'a commit for each failure that is recorded, in its metadata' },
    provisioning: { how: 'native' },
    byteWindow: { how: 'native' },
  },
}
