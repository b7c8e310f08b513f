import { BrokerError } from '../broker-error.js'
import type { RabbitNode } from './node.js'
import { composeRabbit, type Rabbit } from './rabbit.js'

/**
 * A broker of which only the address is known.
 *
 * @throws BrokerError `BAD_OPTION` when the address cannot be one
 */
export function addressedRabbit(address: string): Rabbit {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || (url.protocol !== 'amqp:' && url.protocol !== 'amqps:')) {
    throw new BrokerError(
      'BAD_OPTION',
      'SLUICE_RABBITMQ_URL has to be an address like amqp://guest:guest@localhost:5672',
    )
  }
  const node = addressedNode(url)
  return composeRabbit({
    nodes: [node],
    node,
    cookie: '',
    certificates: undefined,
    controllable: false,
    close: () => Promise.resolve(),
  })
}

function addressedNode(url: URL): RabbitNode {
  const isTls = url.protocol === 'amqps:'
  const port = url.port === '' ? (isTls ? 5671 : 5672) : Number(url.port)
  const refuse = (): never => {
    throw new BrokerError(
      'NO_CONTROL',
      'This broker comes from SLUICE_RABBITMQ_URL: it can be used, but not started, ended, broken or looked at. ' +
        'Unset the variable to get a private one.',
    )
  }
  const refuseLater = (): Promise<never> => Promise.resolve().then(refuse)
  return {
    name: url.host,
    host: url.hostname,
    port,
    tlsPort: isTls ? port : undefined,
    url: url.href,
    tlsUrl: isTls ? url.href : undefined,
    pid: undefined,
    state: 'running',
    start: refuseLater,
    stop: refuseLater,
    kill: refuseLater,
    pause: refuse,
    resume: refuse,
    evaluate: refuseLater,
    query: refuseLater,
  }
}
