import { checkFunction, checkKeys, checkNumber } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { printable } from '../errors/text-of.js'
import { jsonCodec, type Codec } from './codec.js'
import type { Key } from './key.js'
import { checkGroupName, checkTopicName } from './names.js'
import { isStandardSchema, type SchemaInput, type SchemaOutput, type StandardSchema } from './schema.js'

/** Payload types of a topic with several types, by type name. */
export type SchemaMap = Readonly<Record<string, StandardSchema>>

/**
 * A typed topic with one kind of payload. Made by {@link defineTopic}; a plain value that can be shared between services.
 * `Input` is what publishers pass, `Output` what handlers get, `Keyed` says whether messages have an ordering key.
 */
export interface Topic<Input = unknown, Output = Input, Keyed extends boolean = boolean> extends TopicBase<Keyed> {
  readonly kind: 'single'
  readonly schema: StandardSchema<Input, Output>
}

/** A typed topic that carries several types of payload in one order. */
export interface TypedTopic<
  Schemas extends SchemaMap = SchemaMap,
  Keyed extends boolean = boolean,
> extends TopicBase<Keyed> {
  readonly kind: 'typed'
  readonly types: Schemas
}

export type AnyTopic = Topic<unknown, unknown> | TypedTopic

interface TopicBase<Keyed extends boolean> {
  readonly name: string
  readonly keyed: Keyed
  readonly codec: Codec
  readonly tombstones: boolean
  /** Partition count to create the topic with; where it exists, the count that is expected. */
  readonly partitions: number | undefined
  /** Groups that must exist before the first publish. */
  readonly groups: readonly string[]
  /** Computes the ordering key. Method syntax keeps topics of one payload assignable to wider ones. */
  keyOf(payload: unknown): unknown
}

/** What both forms of {@link defineTopic} take. */
export interface TopicOptions<Tombstones extends boolean = boolean> {
  /**
   * Partitions to create the topic with. The broker's number is the truth: where the topic exists with another, publish and
   * subscribe reject TOPOLOGY_MISMATCH. Only for topics with a key.
   * @default 8, at creation
   */
  readonly partitions?: number
  /** Names of groups that the publisher creates before its first publish, so that nothing is sent past them. @default none */
  readonly groups?: readonly string[]
  /** How payloads become bytes. @default jsonCodec */
  readonly codec?: Codec
  /** Whether a message may have no body (`null`): a tombstone. Without it such a message is dead-lettered. @default false */
  readonly tombstones?: Tombstones
}

/** Not enumerable, so that a changed copy (`{ ...topic, name }`) is no topic: nobody has checked it. */
const brand = Symbol.for('sluice.topic')

/** Made by {@link defineTopic} of any copy of this package. */
export const isTopic = (value: unknown): value is AnyTopic =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, brand)

/** @throws SluiceError INVALID_OPTION */
export function checkTopic(topic: unknown): asserts topic is AnyTopic {
  if (isTopic(topic)) return
  throw new SluiceError('INVALID_OPTION', 'topic must be a value made by defineTopic()', { field: 'topic' })
}

type OrNull<Tombstones extends boolean> = [Tombstones] extends [true] ? null : never
type TypedOutput<M extends SchemaMap> = { [T in keyof M]: SchemaOutput<M[T]> }[keyof M]

/**
 * Defines a topic: its name, what its messages carry and what orders them.
 * @throws SluiceError INVALID_NAME, UNKNOWN_OPTION or INVALID_OPTION
 */
export function defineTopic<S extends StandardSchema, Tombstones extends boolean = false>(
  name: string,
  definition: TopicOptions<Tombstones> & {
    readonly schema: S
    /** Messages with equal key are handled in order. `null` for a message without one. */
    readonly key: (payload: SchemaOutput<S>) => Key | null
  },
): Topic<SchemaInput<S> | OrNull<Tombstones>, SchemaOutput<S> | OrNull<Tombstones>, true>
export function defineTopic<S extends StandardSchema, Tombstones extends boolean = false>(
  name: string,
  definition: TopicOptions<Tombstones> & { readonly schema: S; readonly key?: undefined },
): Topic<SchemaInput<S> | OrNull<Tombstones>, SchemaOutput<S> | OrNull<Tombstones>, false>
export function defineTopic<M extends SchemaMap>(
  name: string,
  definition: TopicOptions<false> & { readonly types: M; readonly key: (payload: TypedOutput<M>) => Key | null },
): TypedTopic<M, true>
export function defineTopic<M extends SchemaMap>(
  name: string,
  definition: TopicOptions<false> & { readonly types: M; readonly key?: undefined },
): TypedTopic<M, false>
export function defineTopic(name: string, definition: LooseDefinition): Topic | TypedTopic {
  checkTopicName(name)
  checkKeys('definition', definition, ['schema', 'types', 'key', 'partitions', 'groups', 'codec', 'tombstones'])
  const { schema, types, key, partitions, groups = [], codec = jsonCodec, tombstones = false } = definition
  if ((schema === undefined) === (types === undefined))
    throw invalid('definition', 'needs either `schema` or `types`', name)
  checkFunction('definition.key', key)
  checkNumber('definition.partitions', partitions, { min: 1, max: 1024, integer: true })
  if (partitions !== undefined && key === undefined) throw invalid('partitions', 'is only for topics with a key', name)
  if (!Array.isArray(groups)) throw invalid('groups', 'must be an array of names', name)
  for (const group of groups) checkGroupName(group, 'groups')
  if (new Set(groups).size !== groups.length) throw invalid('groups', 'names a group twice', name)
  if (
    typeof codec?.encode !== 'function' ||
    typeof codec.decode !== 'function' ||
    typeof codec.contentType !== 'string' ||
    !contentTypePattern.test(codec.contentType)
  ) {
    throw invalid(
      'codec',
      'needs encode, decode and a contentType of printable ASCII, for example application/json',
      name,
    )
  }
  if (typeof tombstones !== 'boolean') throw invalid('tombstones', 'must be true or false', name)
  if (types !== undefined && tombstones)
    throw invalid('tombstones', 'is only for topics with one schema: a tombstone has no type', name)
  const base = {
    name,
    keyed: key !== undefined,
    codec,
    tombstones,
    partitions,
    groups: Object.freeze([...groups]),
    keyOf: key ?? (() => null),
  }
  if (types !== undefined) {
    checkKeys('types', types, Object.keys(types ?? {}))
    for (const [type, s] of Object.entries(types)) {
      const field = `types.${printable(type)}`
      if (!typePattern.test(type)) throw invalid(field, 'needs a name of 1 to 100 visible ASCII characters', name)
      if (!isStandardSchema(s))
        throw invalid(field, 'is not a Standard Schema (zod, valibot, arktype, unchecked())', name)
    }
    if (Object.keys(types).length === 0) throw invalid('types', 'needs at least one type', name)
    return branded({ ...base, kind: 'typed' as const, types: Object.freeze({ ...types }) })
  }
  if (!isStandardSchema(schema))
    throw invalid('schema', 'is not a Standard Schema (zod, valibot, arktype, unchecked())', name)
  return branded({ ...base, kind: 'single' as const, schema })
}

function branded<T extends object>(topic: T): T {
  return Object.freeze(Object.defineProperty(topic, brand, { value: true }))
}

// Brokers carry both in fields of their own protocol, of which the shortest take 255 bytes.
const typePattern = /^[!-~]{1,100}$/
const contentTypePattern = /^[ -~]{1,200}$/

interface LooseDefinition extends TopicOptions {
  readonly schema?: StandardSchema
  readonly types?: SchemaMap
  readonly key?: ((payload: never) => Key | null) | undefined
}

const invalid = (field: string, text: string, topic: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `defineTopic("${topic}"): ${field} ${text}`, { field, topic })
