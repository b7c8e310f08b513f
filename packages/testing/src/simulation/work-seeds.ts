import { parentPort } from 'node:worker_threads'
import { makeSchedule } from './make-schedule.js'
import type { Plan } from './plan.js'
import { simulate, type Outcome } from './simulate.js'

/** What a worker is asked for. */
export interface SeedRequest {
  readonly seed: number
  readonly like: Plan['like'] | undefined
}

/** Answers every request with an {@link Outcome}, until the thread is ended. */
export function workSeeds(): void {
  parentPort?.on('message', ({ seed, like }: SeedRequest) => {
    const answer = (outcome: Outcome): void => parentPort?.postMessage(outcome, [])
    void simulate(makeSchedule(seed, like)).then(answer)
  })
}
