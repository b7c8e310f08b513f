import { SluiceError } from '../errors/sluice-error.js'
import { textOf } from '../errors/text-of.js'
import { encodeJson, jsonCodec, type Codec } from '../model/codec.js'
import type { Key } from '../model/key.js'
import {
  isUnchecked,
  readableIssues,
  type SchemaIssue,
  type SchemaResult,
  type StandardSchema,
} from '../model/schema.js'
import type { AnyTopic } from '../model/topic.js'

/** Schemas that were seen to validate asynchronously: their payload is copied before, not after the first look at it. */
const asynchronous = new WeakSet<StandardSchema>()

/** `later` is set when the schema needs time; then `payload` is a copy that nobody else can change. */
export interface Validated {
  readonly payload: unknown
  readonly output: unknown
  readonly later: Promise<unknown> | undefined
}

/**
 * `undefined` where there is nothing to validate: the payload goes out as it is.
 * @throws SluiceError INVALID_PAYLOAD; NOT_SERIALIZABLE when a payload cannot be copied for an asynchronous schema
 */
export function validate(topic: AnyTopic, type: string | undefined, payload: unknown): Validated | undefined {
  const schema = schemaOf(topic, type)
  if (isUnchecked(schema)) return undefined
  if (!asynchronous.has(schema)) {
    const result = run(schema, topic.name, payload)
    if (!isPromise(result)) return { payload, output: outputOf(result, topic.name), later: undefined }
    asynchronous.add(schema)
    // It has looked at an object that the caller may still change: what it says counts for nothing.
    Promise.resolve(result).catch(() => undefined)
  }
  const copy = snapshot(payload, topic.name)
  const result = run(schema, topic.name, copy)
  return { payload: copy, output: undefined, later: outputLater(result, topic.name) }
}

async function outputLater(
  result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
  topic: string,
): Promise<unknown> {
  try {
    return outputOf(await result, topic)
  } catch (error) {
    throw error instanceof SluiceError ? error : schemaThrew(topic, error)
  }
}

function schemaOf(topic: AnyTopic, type: string | undefined): StandardSchema {
  if (topic.kind === 'single') return topic.schema
  // Checked with the options.
  return topic.types[type ?? ''] as StandardSchema
}

function run(
  schema: StandardSchema,
  topic: string,
  payload: unknown,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  try {
    return schema['~standard'].validate(payload)
  } catch (error) {
    throw schemaThrew(topic, error)
  }
}

/** By what it can do: a library may have promises of its own. */
const isPromise = <T>(result: T | Promise<T>): result is Promise<T> =>
  typeof (result as { readonly then?: unknown } | null | undefined)?.then === 'function'

function schemaThrew(topic: string, cause: unknown): SluiceError {
  return new SluiceError('INVALID_PAYLOAD', `the schema of topic "${topic}" failed: ${textOf(cause)}`, {
    field: 'payload',
    topic,
    cause,
  })
}

function outputOf(result: SchemaResult<unknown>, topic: string): unknown {
  if (typeof (result as unknown) !== 'object' || result === null) {
    throw schemaThrew(topic, new TypeError('it returned neither a value nor issues'))
  }
  if (result.issues === undefined) return result.value
  const issues = issuesOf(result.issues, topic)
  const text = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new SluiceError('INVALID_PAYLOAD', `the payload does not match the schema of topic "${topic}": ${text}`, {
    field: 'payload',
    topic,
    issues,
  })
}

function issuesOf(issues: readonly SchemaIssue[], topic: string): ReturnType<typeof readableIssues> {
  try {
    return readableIssues(issues)
  } catch (cause) {
    throw schemaThrew(topic, cause)
  }
}

function snapshot(payload: unknown, topic: string): unknown {
  try {
    return structuredClone(payload)
  } catch (cause) {
    throw notSerializable(topic, cause)
  }
}

/**
 * A payload as the codec writes it, not shared with anybody who might change it. JSON stays text until somebody needs its bytes.
 * @throws SluiceError NOT_SERIALIZABLE
 */
export function encodePayload(codec: Codec, payload: unknown, topic: string): Uint8Array | string {
  let body: Uint8Array
  try {
    if (codec === jsonCodec) return encodeJson(payload)
    body = codec.encode(payload)
  } catch (cause) {
    throw notSerializable(topic, cause)
  }
  if (!((body as unknown) instanceof Uint8Array)) {
    throw notSerializable(topic, new TypeError(`the codec of ${codec.contentType} returned no Uint8Array`))
  }
  // A codec for bytes may hand back what it was given, or a view of it: `slice` of a Buffer is one.
  return payload instanceof Uint8Array && body.buffer === payload.buffer ? new Uint8Array(body) : body
}

function notSerializable(topic: string, cause: unknown): SluiceError {
  const reason = textOf(cause)
  return new SluiceError('NOT_SERIALIZABLE', `the payload for topic "${topic}" cannot be encoded: ${reason}`, {
    field: 'payload',
    topic,
    cause,
  })
}

/** The key of a message: what the caller passed, else what the topic computes from the validated payload. @throws SluiceError INVALID_KEY */
export function keyFor(topic: AnyTopic, given: unknown, output: unknown): Key | null {
  if (!topic.keyed) return null
  return checkKey(topic.name, given === undefined ? compute(topic, output) : given)
}

/** A tombstone has no payload that a key could be computed from. @throws SluiceError INVALID_KEY */
export function keyForTombstone(topic: AnyTopic, given: unknown): Key | null {
  if (!topic.keyed) return null
  if (given !== undefined) return checkKey(topic.name, given)
  throw invalidKey(topic.name, 'a tombstone has no payload to compute a key from: pass options.key')
}

function compute(topic: AnyTopic, output: unknown): unknown {
  try {
    return topic.keyOf(output)
  } catch (cause) {
    throw invalidKey(topic.name, 'the key function threw', cause)
  }
}

function checkKey(topic: string, key: unknown): Key | null {
  if (key === null) return null
  if (typeof key === 'string') {
    if (key.isWellFormed()) return key
    throw invalidKey(topic, 'the key has a lone surrogate and so no UTF-8 form: pass key.toWellFormed()')
  }
  // Not `slice`: that of a Buffer shares its memory.
  if (key instanceof Uint8Array) return new Uint8Array(key)
  throw invalidKey(topic, `the key must be a string, a Uint8Array or null, got ${typeof key}`)
}

function invalidKey(topic: string, text: string, cause?: unknown): SluiceError {
  return new SluiceError('INVALID_KEY', `topic "${topic}": ${text}`, { field: 'key', topic, cause })
}
