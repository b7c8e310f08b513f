/** The part of the Standard Schema interface (version 1) that Sluice uses. zod, valibot, arktype and others implement it. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a producer passes: the type before transformations of the schema. */
export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']
/** What a consumer gets: the type after transformations and defaults of the schema. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

const uncheckedBrand = Symbol.for('sluice.unchecked')

/**
 * A schema that checks nothing: the payload has the given type by agreement alone.
 * Prefer a real schema where other teams publish to the topic.
 */
export function unchecked<Payload>(): StandardSchema<Payload, Payload> {
  const schema: StandardSchema<Payload, Payload> = {
    '~standard': { version: 1, vendor: 'sluice', validate: (value) => ({ value: value as Payload }) },
  }
  return Object.defineProperty(schema, uncheckedBrand, { value: true })
}

export const isUnchecked = (schema: StandardSchema): boolean => uncheckedBrand in schema

export const isStandardSchema = (value: unknown): value is StandardSchema => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    const standard: unknown = Reflect.get(value, '~standard')
    return typeof standard === 'object' && standard !== null && typeof Reflect.get(standard, 'validate') === 'function'
  } catch {
    return false
  }
}

/** Issues as text paths, ready for an error. */
export const readableIssues = (issues: readonly SchemaIssue[]): readonly { path: string; message: string }[] =>
  issues.map((issue) => ({
    path: (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
    message: issue.message,
  }))
