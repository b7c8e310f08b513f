import { BrokerError } from '../broker-error.js'
import { until } from '../process/until.js'
import { binary } from './erlang.js'
import type { Evaluator } from './evaluator.js'
import type { RabbitLook } from './look.js'
import type { RabbitNode } from './node.js'

export interface RabbitLeaders {
  /** The node that leads a queue; undefined while none does. @throws BrokerError `FAILED` when there is no such queue */
  leader(queue: string, vhost?: string): Promise<RabbitNode | undefined>
  /**
   * Makes a node the leader of a quorum queue, and resolves when it is.
   *
   * @throws BrokerError `FAILED` when it is not within 15 s
   */
  transferLeader(queue: string, to: RabbitNode, vhost?: string): Promise<void>
}

export function leadersOf(nodes: readonly RabbitNode[], evaluator: Evaluator, look: RabbitLook): RabbitLeaders {
  const leader = async (queue: string, vhost = '/'): Promise<RabbitNode | undefined> => {
    const view = await look.queue(queue, vhost)
    if (view === undefined) throw new BrokerError('FAILED', `There is no queue ${queue} in ${vhost}`)
    return nodes.find((node) => node.name === view.leader)
  }
  return {
    leader,
    transferLeader: (queue, to, vhost = '/') =>
      until(
        `${to.name} leads ${queue}`,
        async () => {
          if ((await leader(queue, vhost)) === to) return true
          // Refused while the node has not caught up, and lost when the leader changes meanwhile: so until it is true.
          await evaluator.evaluate(transfer(queue, to.name, vhost))
          return false
        },
        { timeoutMs: 60_000, everyMs: 200 },
      ),
  }
}

const transfer = (queue: string, to: string, vhost: string): string => `
  {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(${binary(vhost)}, queue, ${binary(queue)})),
  {Name, _} = amqqueue:get_pid(Queue),
  case catch ra:members(amqqueue:get_pid(Queue), 2000) of
    {ok, _, Leader} -> catch ra:transfer_leadership(Leader, {Name, '${to}'});
    Other -> Other end`
