import type { Suite } from '../suite.js'
import { coreSuite } from './core/index.js'
import { rabbitmqSuite } from './rabbitmq/index.js'

/** Every suite there is, by name. */
export const suites: readonly Suite[] = [coreSuite, rabbitmqSuite]
