import { setTimeout as sleep } from 'node:timers/promises'

/** Messages on their way to one group: what was published, what is done. The difference is the backlog. */
export interface Flow {
  readonly name: string
  readonly total: number
  readonly published: number
  readonly done: number
  addPublished(count: number): void
  addDone(count: number): void
  /** Resolves when everything is done, or when the time is over: what is missing then shows in the checks. */
  finished(timeoutMs: number): Promise<void>
}

export function createFlow(name: string, total: number): Flow {
  let published = 0
  let done = 0
  let finish = (): void => {}
  const whole = new Promise<void>((resolve) => {
    finish = resolve
  })
  return {
    name,
    total,
    get published() {
      return published
    },
    get done() {
      return done
    },
    addPublished(count) {
      published += count
    },
    addDone(count) {
      done += count
      if (done >= total) finish()
    },
    async finished(timeoutMs) {
      const timer = new AbortController()
      await Promise.race([whole, sleep(timeoutMs, undefined, { signal: timer.signal })])
      timer.abort()
    },
  }
}
