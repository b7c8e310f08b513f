import { adapterError, type AdapterError } from '../spi/adapter-error.js'

/** Somebody who waits for the broker. */
export interface Waiter {
  resolve(): void
  reject(error: Error & AdapterError): void
}

/** Promises that are kept when something has reached the broker, and broken when the connection is lost before. */
export class Waiters {
  readonly #all = new Set<Waiter>()
  readonly #forStorage = new Set<Waiter>()

  /** Settled by whoever `begin` hands the waiter to. */
  add(begin: (waiter: Waiter) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#all.delete(waiter)
        this.#forStorage.delete(waiter)
      }
      const waiter: Waiter = {
        resolve: () => {
          leave()
          resolve()
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      this.#all.add(waiter)
      begin(waiter)
    })
  }

  /** Kept by {@link stored}; rejects with TIMEOUT when the signal fires before. */
  untilStored(signal: AbortSignal, begin: () => void): Promise<void> {
    if (signal.aborted) return Promise.reject(timeoutError())
    let onAbort: () => void = () => undefined
    return this.add((waiter) => {
      onAbort = () => waiter.reject(timeoutError())
      signal.addEventListener('abort', onAbort, { once: true })
      this.#forStorage.add(waiter)
      begin()
    }).finally(() => signal.removeEventListener('abort', onAbort))
  }

  /** Everything that was done is stored: returns what tells those who wait for it now. */
  stored(): () => void {
    const waiting = [...this.#forStorage]
    return () => {
      for (const waiter of waiting) waiter.resolve()
    }
  }

  /** Nobody who waits now will get an answer: returns what tells them. */
  lost(cause: Error & AdapterError): () => void {
    const waiting = [...this.#all]
    return () => {
      for (const waiter of waiting) waiter.reject(cause)
    }
  }
}

const timeoutError = (): Error & AdapterError =>
  adapterError('TIMEOUT', 'the broker did not answer in time', { retryable: true })
