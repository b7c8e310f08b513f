import type { Suite } from '../../suite.js'
import { idleCases } from './cases/idle-cases.js'
import { transferCases } from './cases/transfer-cases.js'
import { openSharedKafka } from './node/shared-kafka.js'

/** The Kafka adapter beside kafkajs by hand and beside other libraries, all against one node. */
export const kafkaSuite: Suite = {
  name: 'kafka',
  title: 'Kafka: Sluice beside kafkajs by hand and other libraries, against one private node on this machine',
  cases: [...transferCases, ...idleCases],
  open: openSharedKafka,
}
