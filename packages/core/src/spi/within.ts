import { adapterError, type AdapterError } from './adapter-error.js'

export const timedOut = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'the broker did not answer in time', { retryable: true })

/** What `promise` gives; rejects with TIMEOUT when `signal` aborts first, and what becomes of the promise is nobody's concern then. */
export function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(timedOut())
    const done = (): void => signal.removeEventListener('abort', late)
    if (signal.aborted) late()
    else signal.addEventListener('abort', late, { once: true })
    promise.then(resolve, reject).finally(done)
  })
}
