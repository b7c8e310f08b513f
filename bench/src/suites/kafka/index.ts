import type { Suite } from '../../suite.js'
import { growthCases } from './cases/growth-cases.js'
import { idleCases } from './cases/idle-cases.js'
import { keyedWorkCases } from './cases/keyed-work-cases.js'
import { transferCases } from './cases/transfer-cases.js'
import { openSharedKafka } from './node/shared-kafka.js'

/** The Kafka adapter beside kafkajs by hand and beside other libraries, all against one node. */
export const kafkaSuite: Suite = {
  name: 'kafka',
  title: 'Kafka: Sluice beside kafkajs by hand and other libraries, against one private node on this machine',
  cases: [...transferCases, ...keyedWorkCases, ...growthCases, ...idleCases],
  open: openSharedKafka,
}
