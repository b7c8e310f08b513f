import type { SendTarget } from '../../relay/send-rules.js'
import type { PublishMethod } from '../amqp/method.js'

/** Undefined for what the adapter publishes for itself. */
export function sendTargetOf({ exchange, routingKey }: PublishMethod): SendTarget | undefined {
  if (exchange === '') {
    if (routingKey.endsWith(':guard')) return undefined
    return { to: routingKey.endsWith('.dlq') ? 'dead-letter' : 'group', name: routingKey }
  }
  if (exchange.startsWith('sluice.delay.'))
    return { to: 'group', name: routingKey.slice(routingKey.lastIndexOf('.') + 1) }
  return exchange.startsWith('sluice.') ? undefined : { to: 'topic', name: exchange }
}
