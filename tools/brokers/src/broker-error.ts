/**
 * What went wrong:
 * - `MISSING`: the broker is not installed here; the message says how to get it
 * - `BAD_OPTION`: an option, an argument or an environment variable cannot be used
 * - `NOT_STARTED`: it ended or did not answer in time; the message has the end of its log
 * - `NOT_RUNNING`: this needs a running node
 * - `NO_CONTROL`: the broker came from an address, so only its address is known
 * - `FAILED`: the broker refused, or did not do in time, what it was asked
 */
export type BrokerErrorCode = 'MISSING' | 'BAD_OPTION' | 'NOT_STARTED' | 'NOT_RUNNING' | 'NO_CONTROL' | 'FAILED'

/** Every error of this package. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: BrokerErrorCode

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
