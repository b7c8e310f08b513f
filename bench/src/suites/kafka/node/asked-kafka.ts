import type { ObservedNode } from '../../../broker/node-passes.js'
import type { MeasureTask } from '../../../suite.js'
import { kafkaRequests, type KafkaControl } from './kafka-control.js'

/** The node as a subject sees it. */
export interface AskedKafka extends KafkaControl, ObservedNode {
  readonly url: string
  /** `host:port`, as other libraries want it. */
  readonly bootstrap: string
}

/** Every call is carried out by the process of the bench, which owns the node. */
export function kafkaOf({ facts, ask }: Pick<MeasureTask, 'facts' | 'ask'>): AskedKafka {
  const { url = '', bootstrap = '', pid = '' } = facts
  const calls = kafkaRequests.map((name) => [name, (...args: unknown[]) => ask(name, args)] as const)
  return { ...(Object.fromEntries(calls) as unknown as KafkaControl), url, bootstrap, pid: Number(pid) }
}
