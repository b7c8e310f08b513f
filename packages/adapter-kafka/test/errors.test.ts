import { adapterError } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { toAdapterError } from '../src/errors.js'
import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError, type KafkaErrorKind } from '../src/wire/kafka-error.js'

const server = (code: number): KafkaError => new KafkaError('said so', { kind: 'server', code })

describe('errors of the wire in the words of core', () => {
  it.each([
    [errorCodes.unknownTopicOrPartition, 'UNKNOWN_TOPIC', false],
    [errorCodes.messageTooLarge, 'TOO_LARGE', false],
    [errorCodes.notEnoughReplicas, 'UNDURABLE', true],
    [errorCodes.topicAuthorizationFailed, 'DENIED', false],
    [errorCodes.offsetOutOfRange, 'POSITION_LOST', false],
    [errorCodes.notLeaderOrFollower, 'DISCONNECTED', true],
    [12345, 'DISCONNECTED', true],
  ])('code %d of the broker is %s', (code, expected, retryable) => {
    expect(toAdapterError(server(code), { scope: 'topic' })).toMatchObject({
      code: expected,
      retryable,
      scope: 'topic',
      fatal: false,
    })
  })

  it.each<[KafkaErrorKind, string]>([
    ['credentials', 'DENIED'],
    ['tls', 'DENIED'],
  ])('%s end the first attempt to connect, and no later one', (kind, code) => {
    const error = new KafkaError('no', { kind })
    expect(toAdapterError(error, { connecting: true })).toMatchObject({ code, fatal: true, retryable: false })
    expect(toAdapterError(error)).toMatchObject({ code, fatal: false, retryable: true })
  })

  it('silence, ends and what was no Kafka pass', () => {
    const silent = new KafkaError('no answer', { kind: 'io', errno: 'ETIMEDOUT' })
    expect(toAdapterError(silent)).toMatchObject({ code: 'TIMEOUT', retryable: true })
    expect(toAdapterError(new KafkaError('reset', { kind: 'io' }))).toMatchObject({
      code: 'DISCONNECTED',
      retryable: true,
    })
    const foreign = toAdapterError(new KafkaError('an answer of -5 bytes', { kind: 'protocol' }))
    expect(foreign).toMatchObject({ code: 'DISCONNECTED', text: 'no Kafka: an answer of -5 bytes' })
    expect(toAdapterError(new KafkaError('closed', { kind: 'closed' }))).toMatchObject({
      code: 'CLOSED',
      retryable: false,
    })
    expect(toAdapterError(new TypeError('odd'))).toMatchObject({ code: 'DISCONNECTED', text: 'odd' })
  })

  it('errors of core stay as they are', () => {
    const error = adapterError('BUSY', 'somebody else has it')
    expect(toAdapterError(error)).toBe(error)
  })
})
