import { BrokerError } from '../broker-error.js'
import type { Kafka } from './kafka.js'
import type { KafkaNode } from './node.js'

/**
 * A Kafka of which only the address is known.
 *
 * @throws BrokerError `BAD_OPTION` when the address cannot be one
 */
export function addressedKafka(address: string): Kafka {
  const hosts = /^kafka:[/][/]([^/?#@]+)$/.exec(address)?.[1]?.split(',') ?? []
  const nodes = hosts.map(addressedNode)
  const [node] = nodes
  if (node === undefined) {
    throw new BrokerError('BAD_OPTION', 'SLUICE_KAFKA_URL has to be an address like kafka://localhost:9092,other:9092')
  }
  return {
    nodes,
    node,
    url: address,
    bootstrap: nodes.map(({ host, port }) => `${host}:${port}`),
    tlsBootstrap: [],
    saslBootstrap: [],
    ca: undefined,
    caFile: undefined,
    version: undefined,
    folder: undefined,
    controllable: false,
    close: () => Promise.resolve(),
  }
}

function addressedNode(address: string, index: number): KafkaNode {
  const [, host = address, port = '9092'] = /^(.*):(\d+)$/.exec(address) ?? []
  return {
    id: index + 1,
    host,
    port: Number(port),
    tlsPort: undefined,
    saslPort: undefined,
    pid: undefined,
    state: 'running',
    start: refuseLater,
    stop: refuseLater,
    kill: refuseLater,
    pause: refuse,
    resume: refuse,
  }
}

const refuse = (): never => {
  throw new BrokerError(
    'NO_CONTROL',
    'This Kafka comes from SLUICE_KAFKA_URL: it can be used, but not started, ended or broken. ' +
      'Unset the variable to get a private one.',
  )
}
const refuseLater = (): Promise<never> => Promise.resolve().then(refuse)
