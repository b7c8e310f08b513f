import { errorTable, type ErrorCode } from './table.js'

const brand = Symbol.for('sluice.error')

/** Where an error belongs; what is known is filled in. */
export interface ErrorDetails {
  /** Option, field or argument that is wrong, as a path: `retry.attempts`. */
  readonly field?: string | undefined
  readonly topic?: string | undefined
  readonly group?: string | undefined
  readonly messageId?: string | undefined
  /** What a schema said, one entry per problem. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[] | undefined
  readonly cause?: unknown
}

/**
 * The one error class of Sluice. Branch on `code`; `retryable` says whether the same call may succeed later.
 * Use {@link isSluiceError} instead of `instanceof`: it also knows errors of another copy of the package (ESM beside CJS).
 */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly field: string | undefined
  readonly topic: string | undefined
  readonly group: string | undefined
  readonly messageId: string | undefined
  readonly issues: ErrorDetails['issues']

  constructor(code: ErrorCode, text: string, details: ErrorDetails = {}) {
    super(`${code}: ${text}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = errorTable[code]
    this.field = details.field
    this.topic = details.topic
    this.group = details.group
    this.messageId = details.messageId
    this.issues = details.issues
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for a {@link SluiceError} of any copy of this package, narrowed to `code` when one is given. */
export function isSluiceError(error: unknown, code?: ErrorCode): error is SluiceError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return code === undefined || (error as { code?: unknown }).code === code
}
