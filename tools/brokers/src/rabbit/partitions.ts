import { BrokerError } from '../broker-error.js'
import { until } from '../process/until.js'
import type { RabbitNode } from './node.js'
import { answersAmqp } from './ready.js'

const changeTimeoutMs = 60_000

export interface RabbitPartitions {
  /**
   * Cuts a node off from all others, while clients reach every node. Resolves when neither side sees the other and the node,
   * being in the minority, has stopped taking clients. Queues that it led may still be choosing another leader.
   */
  isolate(node: RabbitNode): Promise<void>
  /** Ends every isolation. Resolves when all running nodes see each other and take clients. */
  heal(): Promise<void>
}

/**
 * Nodes of Erlang that disagree about a cookie cannot connect. A node may have another cookie for each peer, so a pair is cut by
 * giving each side a wrong one, and the two wrong ones have to differ as well.
 */
export function partitionsOf(
  nodes: readonly RabbitNode[],
  cookie: string,
  isolated: Set<RabbitNode>,
): RabbitPartitions {
  const running = (): RabbitNode[] => nodes.filter((node) => node.state === 'running')
  const setCookies = (node: RabbitNode, peers: readonly RabbitNode[], value: string): Promise<string> =>
    node.evaluate(peers.map((peer) => `erlang:set_cookie('${peer.name}', '${value}')`).join(', '))
  return {
    async isolate(node) {
      const others = running().filter((other) => other !== node)
      if (others.length === 0)
        throw new BrokerError('FAILED', `No other node runs that ${node.name} could be cut off from`)
      isolated.add(node)
      await Promise.all([
        setCookies(node, others, `${cookie}inside`),
        ...others.map((other) => setCookies(other, [node], `${cookie}outside`)),
      ])
      await node.evaluate(others.map((other) => `erlang:disconnect_node('${other.name}')`).join(', '))
      await until(
        `${node.name} is cut off and takes no clients`,
        async () => {
          const seen = await Promise.all(others.map((other) => peersOf(other)))
          const cut = (await peersOf(node)).size === 0 && seen.every((peers) => !peers.has(node.name))
          return cut && !(await answersAmqp(node.port))
        },
        { timeoutMs: changeTimeoutMs },
      )
    },
    async heal() {
      isolated.clear()
      const all = running()
      await Promise.all(
        all.map((node) =>
          setCookies(
            node,
            nodes.filter((peer) => peer !== node),
            cookie,
          ),
        ),
      )
      await until(
        'all running nodes see each other and take clients',
        async () => {
          const seen = await Promise.all(all.map(peersOf))
          const whole = seen.every((peers, index) =>
            all.every((node, other) => other === index || peers.has(node.name)),
          )
          const ready = await Promise.all(all.map((node) => answersAmqp(node.port)))
          return whole && ready.every(Boolean)
        },
        { timeoutMs: changeTimeoutMs },
      )
    },
  }
}

async function peersOf(node: RabbitNode): Promise<Set<unknown>> {
  return new Set((await node.query('nodes()')) as unknown[])
}
