import { SluiceError } from './sluice-error.js'

/** Rejects keys that do not exist, so that a typing error is never an option that is silently ignored. */
export function checkKeys(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SluiceError('INVALID_OPTION', `${where} must be an object`, { field: where })
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new SluiceError('UNKNOWN_OPTION', `${where}.${key} does not exist. Known: ${known.join(', ')}`, {
        field: `${where}.${key}`,
      })
    }
  }
}

interface Range {
  readonly min: number
  readonly max?: number
  readonly integer?: boolean
}

/** A finite number inside its range; `undefined` stays undefined. */
export function checkNumber(field: string, value: unknown, range: Range): void {
  if (value === undefined) return
  const { min, max = Number.MAX_SAFE_INTEGER, integer = false } = range
  const wrong = typeof value !== 'number' || !(value >= min && value <= max) || (integer && !Number.isInteger(value))
  if (!wrong) return
  const kind = integer ? 'a whole number' : 'a number'
  const upper = range.max === undefined ? '' : ` and at most ${max}`
  throw new SluiceError('INVALID_OPTION', `${field} must be ${kind} of at least ${min}${upper}, got ${show(value)}`, {
    field,
  })
}

/** Durations are milliseconds. */
export function checkMs(field: string, value: unknown, min = 0): void {
  checkNumber(field, value, { min, max: 2 ** 40 })
}

export function checkOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return
  throw new SluiceError('INVALID_OPTION', `${field} must be one of ${allowed.join(', ')}, got ${show(value)}`, {
    field,
  })
}

export function checkFunction(field: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new SluiceError('INVALID_OPTION', `${field} must be a function, got ${show(value)}`, { field })
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
