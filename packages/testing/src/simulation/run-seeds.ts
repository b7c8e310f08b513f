import { Worker } from 'node:worker_threads'
import type { Plan } from './plan.js'
import { situationNames, type Situation } from './situations.js'
import type { Outcome } from './simulate.js'
import type { SeedRequest } from './work-seeds.js'

export interface RunSeedsOptions {
  readonly from: number
  readonly count: number
  readonly like: Plan['like'] | undefined
  readonly workers: number
  /** A program that does what `workSeeds` does. */
  readonly program: string
  /** Ends after the first seed that fails. */
  readonly stopAtFailure: boolean
  readonly onOutcome: (outcome: Outcome) => void
}

/** In real time; a run takes a fifth of a second. A core that runs in circles would never give its thread back. */
const longestRunMs = 60_000
const lookMs = 1_000

/** Runs many seeds on several threads. */
export function runSeeds(options: RunSeedsOptions): Promise<void> {
  const { from, count, like, stopAtFailure, onOutcome } = options
  let next = from
  let ended = false
  return new Promise((resolve, reject) => {
    const threads = new Set<Thread>()
    const finish = (thread: Thread): void => {
      threads.delete(thread)
      thread.end()
      if (threads.size === 0) resolve()
    }
    const take = (thread: Thread): void => {
      if (ended || next >= from + count) {
        finish(thread)
        return
      }
      const seed = next
      next += 1
      thread.ask({ seed, like })
    }
    const start = (): void => {
      const thread = new Thread(options.program, {
        answered: (outcome) => {
          onOutcome(outcome)
          ended ||= stopAtFailure && outcome.problems.length > 0
          take(thread)
        },
        stuck: (outcome) => {
          onOutcome(outcome)
          ended ||= stopAtFailure
          // The thread is lost, and another one goes on.
          threads.delete(thread)
          start()
        },
        failed: reject,
      })
      threads.add(thread)
      take(thread)
    }
    for (let index = 0; index < Math.min(options.workers, Math.max(1, count)); index += 1) start()
  })
}

interface ThreadEvents {
  readonly answered: (outcome: Outcome) => void
  readonly stuck: (outcome: Outcome) => void
  readonly failed: (error: Error) => void
}

class Thread {
  readonly #worker: Worker
  readonly #watch: ReturnType<typeof setInterval>
  #asked: { readonly seed: number; readonly atMs: number } | undefined

  constructor(program: string, { answered, stuck, failed }: ThreadEvents) {
    this.#worker = new Worker(program)
    this.#worker.on('error', (error) => {
      failed(error instanceof Error ? error : new Error(String(error)))
      this.end()
    })
    this.#worker.on('message', (outcome: Outcome) => {
      this.#asked = undefined
      answered(outcome)
    })
    this.#watch = setInterval(() => {
      const asked = this.#asked
      if (asked === undefined || performance.now() - asked.atMs < longestRunMs) return
      this.end()
      stuck(neverEnded(asked.seed))
    }, lookMs)
  }

  ask(request: SeedRequest): void {
    this.#asked = { seed: request.seed, atMs: performance.now() }
    this.#worker.postMessage(request, [])
  }

  end(): void {
    clearInterval(this.#watch)
    void this.#worker.terminate()
  }
}

function neverEnded(seed: number): Outcome {
  const situations = Object.fromEntries(situationNames.map((name) => [name, 0])) as Record<Situation, number>
  const problems = [`the run did not end within ${longestRunMs / 1_000} s: something runs in circles`]
  const counts = { messages: 0, instances: 0, faults: 0, runs: 0, events: 0 }
  return { seed, problems, situations, ...counts, hash: '', trace: [] }
}
