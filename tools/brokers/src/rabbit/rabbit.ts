import type { Certificates } from '../process/certificates.js'
import { controlsOf, type RabbitControls } from './controls.js'
import { evaluatorOf, type Evaluator } from './evaluator.js'
import { leadersOf, type RabbitLeaders } from './leaders.js'
import { lookAt, type RabbitLook } from './look.js'
import type { RabbitNode } from './node.js'
import { partitionsOf, type RabbitPartitions } from './partitions.js'

/** A RabbitMQ cluster of its own, of one node or three. */
export interface Rabbit extends RabbitLook, RabbitControls, RabbitLeaders, RabbitPartitions, Evaluator {
  readonly nodes: readonly RabbitNode[]
  /** The first of them. */
  readonly node: RabbitNode
  /** Of the first node. */
  readonly url: string
  readonly tlsUrl: string | undefined
  /** The authority that its certificates come from, as PEM. */
  readonly ca: string | undefined
  /** The file that it is in. */
  readonly caFile: string | undefined
  /** Whether it is ours: false when it came from an address, and then all controls and looks are refused with `NO_CONTROL`. */
  readonly controllable: boolean
  /** Ends everything and removes the folder. Also when this process ends, in whatever way. */
  close(): Promise<void>
}

export interface RabbitParts {
  readonly nodes: readonly RabbitNode[]
  readonly node: RabbitNode
  readonly cookie: string
  readonly certificates: Certificates | undefined
  readonly controllable: boolean
  readonly close: () => Promise<void>
}

export function composeRabbit({ nodes, node, cookie, certificates, controllable, close }: RabbitParts): Rabbit {
  const isolated = new Set<RabbitNode>()
  const evaluator = evaluatorOf(nodes, isolated)
  const look = lookAt(evaluator)
  return {
    nodes,
    node,
    url: node.url,
    tlsUrl: node.tlsUrl,
    ca: certificates?.ca,
    caFile: certificates?.caFile,
    controllable,
    close,
    ...evaluator,
    ...look,
    ...controlsOf(nodes, evaluator, look),
    ...leadersOf(nodes, evaluator, look),
    ...partitionsOf(nodes, cookie, isolated),
  }
}
