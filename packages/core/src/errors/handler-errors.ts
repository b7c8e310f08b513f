import { checkMs } from './check-options.js'

const permanent = Symbol.for('sluice.permanent')
const retryAfter = Symbol.for('sluice.retry-after')

/** Thrown by a handler: trying again cannot help. The message is dead-lettered at once. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, permanent, { value: true })
  }
}

/** Thrown by a handler: try again, not before `delayMs` milliseconds. Counts as a failed attempt. */
export class RetryAfterError extends Error {
  override readonly name: string = 'RetryAfterError'
  readonly delayMs: number

  /** @throws SluiceError INVALID_OPTION when `delayMs` is no duration */
  constructor(delayMs: number, message?: string, options?: ErrorOptions) {
    super(message ?? `retry after ${String(delayMs)} ms`, options)
    checkMs('delayMs', delayMs ?? Number.NaN)
    this.delayMs = delayMs
    Object.defineProperty(this, retryAfter, { value: true })
  }
}

const branded = (error: unknown, brand: symbol): boolean =>
  typeof error === 'object' && error !== null && brand in error

export const isPermanentError = (error: unknown): boolean => branded(error, permanent)

export const isRetryAfterError = (error: unknown): error is RetryAfterError => branded(error, retryAfter)
