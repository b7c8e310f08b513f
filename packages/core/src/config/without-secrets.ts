import { isSluiceError, SluiceError } from '../errors/sluice-error.js'
import type { ErrorCode } from '../errors/table.js'
import { hideSecrets } from './mask.js'

const deepest = 8

/** The error, if it tells no secret anywhere; else one that says the same without its cause, which could not be cleaned. */
export function withoutSecrets(error: unknown, secrets: readonly string[], code: ErrorCode): SluiceError {
  if (isSluiceError(error) && !tells(error, secrets, deepest)) return error
  const known = isSluiceError(error)
  const text = error instanceof Error ? error.message : String(error)
  const plain = known && text.startsWith(`${error.code}: `) ? text.slice(error.code.length + 2) : text
  const details = known ? { field: error.field, topic: error.topic, group: error.group } : {}
  const cause = tells(error, secrets, deepest) ? {} : { cause: error }
  return new SluiceError(known ? error.code : code, hideSecrets(plain, secrets), { ...details, ...cause })
}

/** Looks into what loggers print: the text, the stack, other fields, and all causes. */
function tells(error: unknown, secrets: readonly string[], depth: number): boolean {
  if (typeof error === 'string') return hideSecrets(error, secrets) !== error
  if (typeof error !== 'object' || error === null || depth === 0) return false
  const { message, stack, cause } = error as {
    readonly message?: unknown
    readonly stack?: unknown
    readonly cause?: unknown
  }
  const others = [...Object.values(error), ...(error instanceof AggregateError ? error.errors : [])]
  return [message, stack, cause, ...others].some((part) => tells(part, secrets, depth - 1))
}
