import {
  memoryIdempotency,
  type Idempotency,
  type IdempotencyClaim,
  type IdempotencyEntry,
  type MemoryIdempotencyOptions,
} from '@sluice/core'

/** One call of a store, as it was answered. */
export interface StoreCall {
  readonly method: 'claim' | 'renew' | 'complete' | 'release'
  readonly id: string
  readonly answer: string
}

/** The store as one process reaches it: it can be down, and the process can be gone. */
export interface StoreHandle {
  readonly idempotency: Idempotency
  /** Answered calls, in order. */
  readonly calls: readonly StoreCall[]
  /** Calls that were made while it was down. */
  readonly refused: number
  /** From here on every call rejects, or those of some methods. */
  fail(...methods: StoreCall['method'][]): void
  recover(): void
  /** The process is gone: nothing that it calls reaches the store, and it hears of nothing. */
  die(): void
}

/** Makes one store, which any number of processes share, each by a handle of its own. */
export function createStores(options: MemoryIdempotencyOptions = {}): (more?: Partial<Idempotency>) => StoreHandle {
  const { store } = memoryIdempotency(options)
  return (more = {}) => {
    const calls: StoreCall[] = []
    let failing: ReadonlySet<StoreCall['method']> = new Set()
    let dead = false
    let refused = 0
    async function call<T>(method: StoreCall['method'], { id }: IdempotencyEntry, run: () => Promise<T>): Promise<T> {
      if (dead) return new Promise(() => undefined)
      if (failing.has(method)) {
        refused++
        throw new Error('the store is down')
      }
      const answer = await run()
      calls.push({ method, id, answer: answerOf(answer) })
      return answer
    }
    return {
      calls,
      get refused() {
        return refused
      },
      fail(...methods) {
        failing = new Set(methods.length === 0 ? ['claim', 'renew', 'complete', 'release'] : methods)
      },
      recover() {
        failing = new Set()
      },
      die() {
        dead = true
      },
      idempotency: {
        ...more,
        store: {
          name: store.name,
          claim: (entry) => call('claim', entry, async () => sooner(await store.claim(entry))),
          renew: (entry, fence) => call('renew', entry, () => store.renew(entry, fence)),
          complete: (entry, fence) => call('complete', entry, () => store.complete(entry, fence)),
          release: (entry, fence) => call('release', entry, () => store.release(entry, fence)),
        },
      },
    }
  }
}

function answerOf(answer: unknown): string {
  return typeof answer === 'boolean' ? String(answer) : (answer as IdempotencyClaim).kind
}

/** Core may ask again in a moment: a test does not wait for the patience of the store. */
function sooner(claim: IdempotencyClaim): IdempotencyClaim {
  return claim.kind === 'busy' ? { kind: 'busy', retryMs: Math.min(claim.retryMs, 50) } : claim
}
