import type { MeasureTask } from '../../../suite.js'
import { nodeRequests, type NodeControl } from './node-control.js'

/** The node as a subject sees it. */
export interface AskedNode extends NodeControl {
  readonly url: string
  readonly port: number
  /** Of the broker's process. */
  readonly pid: number
}

/** Every call is carried out by the process of the bench, which owns the node. */
export function nodeOf({ facts, ask }: Pick<MeasureTask, 'facts' | 'ask'>): AskedNode {
  const { url = '', port = '', pid = '' } = facts
  const calls = nodeRequests.map((name) => [name, (...args: unknown[]) => ask(name, args)] as const)
  return { ...(Object.fromEntries(calls) as unknown as NodeControl), url, port: Number(port), pid: Number(pid) }
}
