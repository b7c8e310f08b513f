/** Adapters throw and report only this; core wraps it once into a SluiceError. */
export interface AdapterError {
  readonly code: AdapterErrorCode
  /** How far the damage goes. */
  readonly scope: 'message' | 'topic' | 'group' | 'connection'
  readonly retryable: boolean
  /** Only a person can mend it: `connect` fails at once. */
  readonly fatal: boolean
  /** Plain text with wanted and found where they apply; never a credential. */
  readonly text: string
  readonly cause?: unknown
}

export type AdapterErrorCode =
  | 'UNKNOWN_TOPIC'
  | 'UNROUTABLE'
  | 'REFUSED'
  | 'TOO_LARGE'
  | 'UNDURABLE'
  | 'DENIED'
  | 'TOPOLOGY_MISMATCH'
  | 'DISCONNECTED'
  | 'TIMEOUT'
  | 'BLOCKED'
  | 'UNREADABLE'
  | 'POSITION_LOST'
  | 'BUSY'
  | 'UNSUPPORTED'
  | 'CLOSED'

const brand = Symbol.for('sluice.adapter-error')

type Details = Partial<Omit<AdapterError, 'code' | 'text'>>

/** Makes an error that carries the fields of {@link AdapterError}; it is a real Error, so that a stack is there when it is thrown. */
export function adapterError(code: AdapterErrorCode, text: string, details: Details = {}): Error & AdapterError {
  const { scope = 'connection', retryable = false, fatal = false, cause } = details
  const error = new Error(text, cause === undefined ? undefined : { cause })
  return Object.defineProperty(Object.assign(error, { code, scope, retryable, fatal, text }), brand, { value: true })
}

export const isAdapterError = (error: unknown): error is AdapterError =>
  typeof error === 'object' && error !== null && brand in error
