import type { Capabilities } from '../spi/capabilities.js'
import { isLog, type LogLike, type MemoryLike } from './like.js'

/** Capabilities of the memory adapter, by what it is like. */
export interface MemoryCapabilities<L extends MemoryLike = MemoryLike> extends Capabilities {
  readonly routing: L extends LogLike ? 'log' : 'bound'
  readonly replay: L extends LogLike ? true : false
  readonly keyedOrder: true
  readonly giveBack: L extends LogLike ? 'rewind' : 'single'
  readonly giveBackDelay: false
  readonly groupAddress: true
  readonly durableDelay: true
  readonly attemptRecord: L extends LogLike ? true : false
  readonly provisioning: 'declare'
  readonly byteWindow: L extends 'rabbitmq' ? false : true
}

type Notes = Capabilities['notes']

const common: Notes = {
  keyedOrder: { how: 'native' },
  giveBackDelay: { how: 'refused' },
  groupAddress: { how: 'native' },
  durableDelay: { how: 'native', cost: 'lives as long as the process' },
  provisioning: { how: 'native' },
}

const queueNotes: Notes = {
  ...common,
  routing: { how: 'native', cost: 'one entry per message and group' },
  replay: { how: 'refused' },
  giveBack: { how: 'native' },
  attemptRecord: { how: 'refused' },
}

const logNotes: Notes = {
  ...common,
  routing: { how: 'native', cost: 'messages are kept until retention takes them' },
  replay: { how: 'native', cost: 'reaches back as far as retention' },
  giveBack: { how: 'emulated', cost: 'only a whole claim: it is rewound and everything that is not done comes again' },
  attemptRecord: { how: 'native' },
}

export function memoryCapabilities<L extends MemoryLike>(like: L): MemoryCapabilities<L> {
  const byteWindow: Notes = { byteWindow: { how: like === 'rabbitmq' ? 'refused' : 'native' } }
  const capabilities: MemoryCapabilities = isLog(like)
    ? {
        ...shared,
        routing: 'log',
        replay: true,
        giveBack: 'rewind',
        attemptRecord: true,
        byteWindow: true,
        notes: { ...logNotes, ...byteWindow },
      }
    : {
        ...shared,
        routing: 'bound',
        replay: false,
        giveBack: 'single',
        attemptRecord: false,
        byteWindow: like !== 'rabbitmq',
        notes: { ...queueNotes, ...byteWindow },
      }
  return capabilities
}

const shared = {
  keyedOrder: true,
  giveBackDelay: false,
  groupAddress: true,
  durableDelay: true,
  provisioning: 'declare',
} as const
