import { consumeDefects } from './consume-defects.mjs'
import { failureDefects } from './failure-defects.mjs'
import { lifecycleDefects } from './lifecycle-defects.mjs'
import { publishDefects } from './publish-defects.mjs'

/**
 * A defect that the conformance kit has to catch, as a change of the sources.
 *
 * @typedef {object} Defect
 * @property {string} number its place in the list; a letter where one idea has several forms
 * @property {string} title
 * @property {readonly string[]} ids conformance ids one of which has to fail
 * @property {1 | 3} [nodes] of the broker that it takes to show  (1)
 * @property {readonly import('../bundle.mjs').Replacement[]} replace
 */

export { kafkaDefects } from './kafka-defects.mjs'
export { rabbitmqDefects } from './rabbitmq-defects.mjs'

/** Of core and the memory adapter. @type {readonly Defect[]} */
export const defects = [...publishDefects, ...consumeDefects, ...failureDefects, ...lifecycleDefects].toSorted(
  (a, b) => Number.parseInt(a.number) - Number.parseInt(b.number) || a.number.localeCompare(b.number),
)
