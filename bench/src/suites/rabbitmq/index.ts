import type { Suite } from '../../suite.js'
import { growthCases } from './cases/growth-cases.js'
import { keyedWorkCases } from './cases/keyed-work-cases.js'
import { memoryCases } from './cases/memory-cases.js'
import { recoveryCases } from './cases/recovery-cases.js'
import { transferCases } from './cases/transfer-cases.js'
import { openSharedNode } from './node/shared-node.js'

/** The RabbitMQ adapter beside amqplib by hand and beside other libraries, all against one node. */
export const rabbitmqSuite: Suite = {
  name: 'rabbitmq',
  title: 'RabbitMQ: Sluice beside amqplib by hand and other libraries, against one private node on this machine',
  cases: [...transferCases, ...keyedWorkCases, ...growthCases, ...memoryCases, ...recoveryCases],
  open: openSharedNode,
}
