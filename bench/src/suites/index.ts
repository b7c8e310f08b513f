import type { Suite } from '../suite.js'
import { coreSuite } from './core/index.js'
import { kafkaSuite } from './kafka/index.js'
import { rabbitmqSuite } from './rabbitmq/index.js'

/** Every suite there is, by name. */
export const suites: readonly Suite[] = [coreSuite, kafkaSuite, rabbitmqSuite]
