import { SluiceError } from './sluice-error.js'
import { printable, textOf } from './text-of.js'

/** Rejects keys that do not exist, so that a typing error is never an option that is silently ignored. */
export function checkKeys(where: string, options: object, known: readonly string[]): void {
  if (!hasKeys(options)) {
    throw new SluiceError('INVALID_OPTION', `${where} must be an object, got ${show(options)}`, { field: where })
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      const field = `${where}.${printable(key)}`
      throw new SluiceError('UNKNOWN_OPTION', `${field} does not exist. Known: ${known.join(', ')}`, { field })
    }
    // Now and not where it is used: in the midst of a call it would look like a defect of Sluice.
    try {
      Reflect.get(options, key)
    } catch (cause) {
      const field = `${where}.${key}`
      throw new SluiceError('INVALID_OPTION', `${field} cannot be read: ${textOf(cause)}`, { field, cause })
    }
  }
}

/** A Map or a promise has no keys of its own and would pass as empty. */
function hasKeys(options: unknown): boolean {
  const tag = Object.prototype.toString.call(options)
  return (tag === '[object Object]' || tag === '[object Module]') && typeof options === 'object'
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

/** `methods` are functions of an object; `undefined` stays undefined. */
export function checkMethods(field: string, value: unknown, methods: readonly string[]): void {
  if (value === undefined) return
  const given = ((typeof value === 'object' || typeof value === 'function') && value) || {}
  const missing = methods.filter((name) => typeof Reflect.get(given, name) !== 'function')
  if (missing.length === 0) return
  throw new SluiceError('INVALID_OPTION', `${field} must be an object with the functions ${missing.join(', ')}`, {
    field,
  })
}

export const checkClock = (value: unknown): void => checkMethods('clock', value, ['now', 'monotonic', 'after'])

/** A wrong value for the text of an error. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${printable(value)}"`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
