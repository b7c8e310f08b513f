import { adapterError, type AdapterError, type SendResult } from '@sluice/core/spi'
import { longestDelayMs } from './delays.js'
import type { Flight } from './flights.js'

export const unroutable = ({ batch }: Flight): SendResult => ({
  kind: 'refused',
  error: adapterError('UNROUTABLE', `no queue is bound to exchange "${batch.exchange}" for ${batch.routingKey}`, {
    scope: 'message',
  }),
})

export const tooLate = (): Error & AdapterError =>
  adapterError('UNSUPPORTED', `a delay may be at most ${longestDelayMs} ms (48 days) on RabbitMQ`, { scope: 'message' })

/** Uncertain, not refused: of several queues, others may hold it. */
export const nacked = (): Error & AdapterError =>
  adapterError('REFUSED', 'the broker has answered with a nack: a queue could not take the message', {
    scope: 'message',
    retryable: true,
  })

/** A channel on which something was refused is replaced, and does not wait for ever for the rest. */
export const renewed = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'the broker has not answered in time on a channel that had to be replaced', {
    scope: 'message',
    retryable: true,
  })

export const notConnected = (): Error & AdapterError =>
  adapterError('DISCONNECTED', 'there is no connection to publish on', { retryable: true })

export const closedError = (): Error & AdapterError => adapterError('CLOSED', 'the adapter is closed')
