import type { RabbitMQOptions } from '@sluice/adapter-rabbitmq'
import { startRabbit, type Rabbit } from '@sluice/brokers'
import { startFaultProxy } from '@sluice/testing'
import { networkFaults, type Proxied } from '../../chaos/faults/network-faults.js'
import type { Target } from '../../chaos/target.js'
import { topicPattern } from '../look/group-look.js'
import { nodeFaults } from './node-faults.js'
import { sideFaults } from './side-faults.js'

/** A broker of its own, and what stands in front of each of its nodes. */
export interface BrokenRabbit extends Proxied {
  readonly rabbit: Rabbit
}

const heartbeatSeconds = 2

/** RabbitMQ, each node behind a proxy that can break connections. */
export async function startRabbitTarget(nodes: 1 | 3, seed: number): Promise<Target> {
  const rabbit = await startRabbit({ nodes, heartbeatSeconds })
  try {
    const proxies = await Promise.all(rabbit.nodes.map((node) => startFaultProxy(node, { seed })))
    return await makeTarget({ rabbit, proxies })
  } catch (error) {
    await rabbit.close()
    throw error
  }
}

async function makeTarget(broken: BrokenRabbit): Promise<Target> {
  const { rabbit, proxies } = broken
  const version = await rabbit.evaluate('rabbit_misc:version()')
  const count = rabbit.nodes.length
  const hosts = proxies.map(({ host, port }) => `${host}:${port}`).join(',')
  const connection: RabbitMQOptions = { url: `amqp://${hosts}`, heartbeatSeconds }
  const unsettled = async (topic: string): Promise<number> => {
    const pattern = new RegExp(topicPattern(topic))
    const queues = (await rabbit.queues()).filter(({ name }) => pattern.test(name))
    // A queue that nobody leads at the moment says nothing: that is not nothing.
    return queues.reduce((sum, { ready, unacked }) => sum + (ready ?? 1) + (unacked ?? 1), 0)
  }
  return {
    broker: `RabbitMQ ${version.replaceAll('"', '')}, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    nodes: count,
    connection,
    heartbeatMs: heartbeatSeconds * 1_000,
    faults: [...networkFaults(broken), ...nodeFaults(broken), ...sideFaults(broken, unsettled)],
    provisioned: () => rabbit.saveDeclarations(),
    unsettled,
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await rabbit.close()
    },
  }
}
