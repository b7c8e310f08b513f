import type { Traits } from '../../../suite.js'
import type { Client } from './client.js'
import { loadConnectionManager } from './connection-manager.js'
import { loadNest } from './nest.js'
import { loadRabbitmqClient } from './rabbitmq-client.js'
import { loadRascal } from './rascal.js'
import { loadRaw } from './raw.js'
import { loadSluice } from './sluice.js'

/** Who can be measured. `load` imports the library: in the process that measures it, and nowhere else. */
export interface ClientEntry {
  readonly name: string
  /** Somebody else's. */
  readonly peer: boolean
  readonly traits: Traits
  readonly load: () => Promise<Client>
}

/** What the others are compared with: the same work at the broker, for a message that many may hear and that can be told from its copies. */
export const rawEntry: ClientEntry = {
  name: 'amqplib',
  peer: true,
  traits: {
    confirms: 'yes, by callback',
    'bounded buffer': 'by hand: 256 in flight',
    acknowledges: 'after the handler, by hand',
    'keys in order': 'no',
    reconnects: 'no',
  },
  load: () => loadRaw('exchange'),
}

/** With as much in flight as Sluice. */
export const rawWideEntry: ClientEntry = {
  ...rawEntry,
  name: 'amqplib-1024',
  traits: { ...rawEntry.traits, 'bounded buffer': 'by hand: 1,024 in flight' },
  load: () => loadRaw('exchange', 1_024),
}

/** The least that can be published: what an exchange, an id and a time cost the broker shows beside it. */
export const rawToQueueEntry: ClientEntry = {
  ...rawEntry,
  name: 'amqplib-to-queue',
  load: () => loadRaw('queue'),
}

const sluiceTraits = {
  confirms: 'yes',
  'bounded buffer': 'yes: count and bytes, then an error',
  acknowledges: 'after the handler',
  'keys in order': 'yes',
  reconnects: 'yes',
}

export const sluiceEntry: ClientEntry = {
  name: 'sluice',
  peer: false,
  traits: sluiceTraits,
  load: loadSluice('single'),
}

/** The same with `publishBatch`. */
export const sluiceBatchEntry: ClientEntry = {
  name: 'sluice-batch',
  peer: false,
  traits: sluiceTraits,
  load: loadSluice('batch'),
}

/** Other libraries. */
export const peerEntries: readonly ClientEntry[] = [
  {
    name: 'rabbitmq-client',
    peer: true,
    traits: {
      confirms: 'when asked for',
      'bounded buffer': 'no buffer: 256 in flight by hand',
      acknowledges: 'after the handler',
      'keys in order': 'no',
      reconnects: 'yes',
    },
    load: loadRabbitmqClient,
  },
  {
    name: 'amqp-connection-manager',
    peer: true,
    traits: {
      confirms: 'yes',
      'bounded buffer': 'no: a list without end; 256 in flight by hand',
      acknowledges: 'after the handler, by hand',
      'keys in order': 'no',
      reconnects: 'yes; not a channel alone',
    },
    load: loadConnectionManager,
  },
  {
    name: 'rascal',
    peer: true,
    traits: {
      confirms: 'yes, by event',
      'bounded buffer': 'no: what waits for one of its 256 channels is a list',
      acknowledges: 'after the handler, by hand',
      'keys in order': 'no',
      reconnects: 'yes',
    },
    load: loadRascal,
  },
  {
    name: '@nestjs/microservices',
    peer: true,
    traits: {
      confirms: 'yes',
      'bounded buffer': 'no: that of amqp-connection-manager',
      acknowledges: 'after the handler, by hand; by default before it',
      'keys in order': 'no',
      reconnects: 'yes; not a channel alone',
    },
    load: loadNest,
  },
]
