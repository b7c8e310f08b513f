import type { WireDelivery, WireMessage, WireProperties, WireReturn } from '../port.js'
import { WireError } from '../wire-error.js'
import type { InnerChannel, InnerMessage } from './internals.js'
import { unencodable } from './reasons.js'

export function deliveryOf({ fields, properties, content }: InnerMessage): WireDelivery {
  return {
    tag: fields.deliveryTag,
    redelivered: fields.redelivered,
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    properties,
    content,
  }
}

export function returnOf({ fields, properties }: InnerMessage): WireReturn {
  return {
    replyCode: fields.replyCode ?? 0,
    replyText: fields.replyText ?? '',
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    properties,
  }
}

/** Encoded in the call: nothing of it is kept. */
const publishFields = { exchange: '', routingKey: '', mandatory: false, immediate: false, ticket: 0 }

/** @throws WireError of kind `message` when it cannot be encoded; nothing was written then */
export function writeMessage(channel: InnerChannel, message: WireMessage): void {
  const { content, properties } = message
  publishFields.exchange = message.exchange
  publishFields.routingKey = message.routingKey
  publishFields.mandatory = message.mandatory
  try {
    // amqplib has its own call for it, which makes one object more out of each message and keeps one more for its confirm.
    channel.sendMessage(publishFields, encodable(properties), bufferOf(content))
  } catch (error) {
    throw unencodable(error)
  }
}

/** amqplib takes other bytes than a Buffer for a table with a number for a name for each of them. */
function encodable(properties: WireProperties): WireProperties {
  const { headers } = properties
  if (headers === undefined) return properties
  let changed: Record<string, unknown> | undefined
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'object' && value instanceof Uint8Array && !Buffer.isBuffer(value)) {
      changed ??= { ...headers }
      changed[name] = bufferOf(value)
    }
  }
  return changed === undefined ? properties : { ...properties, headers: changed }
}

function bufferOf(bytes: Uint8Array | string): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes)
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** amqplib encodes names of requests when it is too late to say that one is too long. @throws WireError */
export function checkName(name: string): string {
  if (Buffer.byteLength(name) <= 255) return name
  throw new WireError(`a name of more than 255 bytes: ${JSON.stringify(name.slice(0, 64))}…`, {
    kind: 'message',
    scope: 'message',
  })
}
