import { BrokerError } from '../broker-error.js'
import type { RabbitNode } from './node.js'

/** Whoever of a cluster can answer. */
export interface Evaluator {
  /** On the first node that runs and is not isolated. @see RabbitNode.evaluate */
  evaluate(expressions: string): Promise<string>
  /** On the same. @see RabbitNode.query */
  query(expressions: string): Promise<unknown>
}

/** @param isolated nodes that see only themselves, asked when nobody else runs */
export function evaluatorOf(nodes: readonly RabbitNode[], isolated: ReadonlySet<RabbitNode>): Evaluator {
  const running = (): RabbitNode => {
    const all = nodes.filter((one) => one.state === 'running')
    const node = all.find((one) => !isolated.has(one)) ?? all[0]
    if (node === undefined) throw new BrokerError('NOT_RUNNING', 'No node is running; start one first')
    return node
  }
  return {
    evaluate: async (expressions) => running().evaluate(expressions),
    query: async (expressions) => running().query(expressions),
  }
}
