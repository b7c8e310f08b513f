import { isSluiceError, SluiceError, type ErrorDetails } from './sluice-error.js'
import { textOf } from './text-of.js'
import { errorTable, type ErrorCode } from './table.js'

/** What an adapter throws and reports, as far as wrapping needs it: the fields of the SPI's AdapterError. */
export interface AdapterFailure {
  readonly code: ErrorCode
  readonly text: string
  readonly retryable: boolean
  readonly fatal: boolean
}

/** The error of an adapter as applications see it. The adapter's own error is the cause. */
export function fromAdapter(error: AdapterFailure, details: ErrorDetails = {}): SluiceError {
  const { topic } = details
  const text = topic === undefined || error.text.includes(topic) ? error.text : `topic "${topic}": ${error.text}`
  return new SluiceError(error.code, text, { cause: error, ...details })
}

/** By its fields and not by a brand: an adapter may report a plain object. */
export function isAdapterFailure(error: unknown): error is AdapterFailure {
  if (typeof error !== 'object' || error === null || isSluiceError(error)) return false
  const { code, text } = error as { readonly code?: unknown; readonly text?: unknown }
  return typeof text === 'string' && typeof code === 'string' && Object.hasOwn(errorTable, code)
}

/** Wraps once: errors of Sluice stay as they are, those of adapters keep their code, anything else is INTERNAL. */
export function toSluiceError(error: unknown, details: ErrorDetails = {}): SluiceError {
  if (isSluiceError(error)) return error
  if (isAdapterFailure(error)) return fromAdapter(error, details)
  return new SluiceError('INTERNAL', textOf(error), { cause: error, ...details })
}
