import { SluiceError } from '../errors/sluice-error.js'
import { textOf } from '../errors/text-of.js'
import { decodeUtf8 } from '../kit/utf8.js'
import { bytesCodec, decodeJson, jsonCodec, type Codec } from '../model/codec.js'
import { reservedPrefix, type HeaderList } from '../model/headers.js'
import { decodeKey } from '../model/key.js'
import type { Message } from '../model/message.js'
import { isUnchecked, readableIssues, type SchemaResult, type StandardSchema } from '../model/schema.js'
import type { AnyTopic } from '../model/topic.js'
import type { Inbound } from '../spi/envelope.js'

/**
 * From wire form to message; `keyText` is the key where its text is known already. Throws, or rejects with, a SluiceError for what no
 * retry can mend; a promise only where a schema is asynchronous.
 */
export type Decoder = (inbound: Inbound, keyText?: string) => Message | Promise<Message>

/** `handled` narrows a topic with several types to those that have a handler. */
export function createDecoder(topic: AnyTopic, codecs: readonly Codec[], handled?: ReadonlySet<string>): Decoder {
  const byContentType = new Map(
    [bytesCodec, jsonCodec, ...codecs, topic.codec].map((codec) => [codec.contentType, codec]),
  )

  return (inbound, keyText) => {
    const schema = schemaOf(topic, inbound, handled)
    // First the text: to ask for the body would make bytes of it.
    const { text } = inbound
    if (text === undefined && inbound.body === null) return tombstone(topic, inbound, keyText)
    const value = decodeBody(inbound, text, codecOf(inbound, topic, byContentType))
    if (isUnchecked(schema)) return toMessage(topic, inbound, value, keyText)
    const result = schema['~standard'].validate(value)
    return result instanceof Promise
      ? result.then((settled) => toMessage(topic, inbound, valid(settled, inbound), keyText))
      : toMessage(topic, inbound, valid(result, inbound), keyText)
  }
}

function schemaOf(topic: AnyTopic, inbound: Inbound, handled: ReadonlySet<string> | undefined): StandardSchema {
  if (topic.kind === 'single') return topic.schema
  const { type } = inbound
  const schema = type === undefined || !Object.hasOwn(topic.types, type) ? undefined : topic.types[type]
  if (schema === undefined || (handled !== undefined && !handled.has(type as string))) {
    throw new SluiceError(
      'UNHANDLED_TYPE',
      `topic "${topic.name}" has no handler for type ${type === undefined ? '(none)' : `"${type}"`}`,
      {
        messageId: inbound.id,
      },
    )
  }
  return schema
}

function codecOf(inbound: Inbound, topic: AnyTopic, known: ReadonlyMap<string, Codec>): Codec {
  // Foreign producers often write no content type; then the topic's own codec is the best guess.
  if (inbound.contentType === undefined || inbound.contentType === topic.codec.contentType) return topic.codec
  const plain = (inbound.contentType.split(';', 1)[0] as string).trim().toLowerCase()
  const codec = known.get(inbound.contentType) ?? known.get(plain)
  if (codec !== undefined) return codec
  throw new SluiceError('UNDECODABLE', `no codec for content type "${inbound.contentType}"`, { messageId: inbound.id })
}

function decodeBody(inbound: Inbound, text: string | undefined, codec: Codec): unknown {
  try {
    if (text !== undefined && codec === jsonCodec) return decodeJson(text)
    return codec.decode(inbound.body as Uint8Array)
  } catch (cause) {
    throw new SluiceError('UNDECODABLE', `the body is not ${codec.contentType}: ${textOf(cause)}`, {
      messageId: inbound.id,
      cause,
    })
  }
}

function tombstone(topic: AnyTopic, inbound: Inbound, keyText: string | undefined): Message {
  if (topic.tombstones) return toMessage(topic, inbound, null, keyText)
  throw new SluiceError(
    'INVALID_PAYLOAD',
    'the message is a tombstone (it has no body) and the topic was defined without `tombstones`',
    {
      messageId: inbound.id,
    },
  )
}

function valid(result: SchemaResult<unknown>, inbound: Inbound): unknown {
  if (result.issues === undefined) return result.value
  const issues = readableIssues(result.issues)
  const first = issues[0]
  throw new SluiceError(
    'INVALID_PAYLOAD',
    `the payload does not match the schema: ${first?.path ?? ''} ${first?.message ?? ''}`.trim(),
    {
      messageId: inbound.id,
      issues,
    },
  )
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>)

function toMessage(topic: AnyTopic, inbound: Inbound, payload: unknown, keyText: string | undefined): Message {
  return {
    id: inbound.id ?? inbound.position ?? '',
    topic: topic.name,
    type: inbound.type,
    payload,
    key: keyText ?? (inbound.key === null ? null : decodeKey(inbound.key)),
    headers: textHeaders(inbound.headers),
    rawHeaders: inbound.headers,
    correlationId: inbound.correlationId,
    contentType: inbound.contentType,
    timestampMs: inbound.timestampMs,
  }
}

function textHeaders(list: HeaderList): Readonly<Record<string, string>> {
  let record: Record<string, string> | undefined
  // By index: on the path of every message, and taking pairs apart makes an iterator for each.
  for (let index = 0; index < list.length; index += 1) {
    const header = list[index] as HeaderList[number]
    const name = header[0]
    if (name.startsWith(reservedPrefix)) continue
    const value = header[1]
    const text = typeof value === 'string' ? value : decodeUtf8(value)
    if (text !== undefined) (record ??= Object.create(null) as Record<string, string>)[name] = text
  }
  return record === undefined ? noHeaders : Object.freeze(record)
}
