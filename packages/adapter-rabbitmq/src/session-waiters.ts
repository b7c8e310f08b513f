import type { Session } from './link.js'

/** Those who wait for a session. */
export class SessionWaiters {
  readonly #waiting = new Set<{ resolve(session: Session): void; reject(error: Error): void }>()

  /** Rejects with what `trouble` gives when `signal` aborts. */
  add(signal: AbortSignal, trouble: () => Error): Promise<Session> {
    if (signal.aborted) return Promise.reject(trouble())
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter)
        signal.removeEventListener('abort', late)
      }
      const late = (): void => waiter.reject(trouble())
      const waiter = {
        resolve: (session: Session): void => {
          leave()
          resolve(session)
        },
        reject: (error: Error): void => {
          leave()
          reject(error)
        },
      }
      this.#waiting.add(waiter)
      signal.addEventListener('abort', late, { once: true })
    })
  }

  resolve(session: Session): void {
    for (const waiter of [...this.#waiting]) waiter.resolve(session)
  }

  reject(error: Error): void {
    for (const waiter of [...this.#waiting]) waiter.reject(error)
  }
}
