import type { Traits } from '../../../suite.js'
import type { Client } from './client.js'
import { loadKafkajs } from './kafkajs.js'
import { loadSluice } from './sluice.js'

/** Who can be measured. `load` imports the library: in the process that measures it, and nowhere else. */
export interface ClientEntry {
  readonly name: string
  /** Somebody else's. */
  readonly peer: boolean
  readonly traits: Traits
  readonly load: () => Promise<Client>
}

const kafkajsTraits: Traits = {
  'stored by': 'all replicas',
  'sent again': 'yes; may be stored twice',
  'bounded buffer': 'none: what is in flight is chosen by hand',
  'keys in order': 'one message of a partition at a time',
  'handlers beside each other': 'one for each partition',
}

/** 500 messages in one call, made by hand; `eachBatch`. */
export const batchesEntry: ClientEntry = {
  name: 'kafkajs-batches',
  peer: true,
  traits: kafkajsTraits,
  load: loadKafkajs('batches', 'batch'),
}

/** 50 single sends in parallel; `eachMessage`. */
export const singleEntry: ClientEntry = {
  name: 'kafkajs-single',
  peer: true,
  traits: kafkajsTraits,
  load: loadKafkajs('single', 'message'),
}

const sluiceTraits: Traits = {
  'stored by': 'all replicas',
  'sent again': 'yes; stored once',
  'bounded buffer': 'yes: count and bytes, then an error',
  'keys in order': 'yes, many keys at once',
  'handlers beside each other': 'as many as wanted',
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
