import { BrokerError } from '../broker-error.js'
import type { Guard } from './guard.js'
import { ManagedProcess, type ProcessSpec } from './managed-process.js'

export type RunState = 'running' | 'paused' | 'stopped'

/** One program that is started, broken and started again: at most one run of it at a time. */
export class Restartable {
  readonly #title: string
  readonly #guard: Guard
  #process: ManagedProcess | undefined
  #paused = false

  constructor(title: string, guard: Guard) {
    this.#title = title
    this.#guard = guard
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  get state(): RunState {
    if (this.#running === undefined) return 'stopped'
    return this.#paused ? 'paused' : 'running'
  }

  /** @throws BrokerError `FAILED` when it is running already, `NOT_STARTED` when the program cannot be run */
  async start(spec: Omit<ProcessSpec, 'title'>): Promise<ManagedProcess> {
    if (this.#running !== undefined) throw new BrokerError('FAILED', `${this.#title} is running already`)
    this.#paused = false
    this.#process = await ManagedProcess.start({ ...spec, title: this.#title }, this.#guard)
    return this.#process
  }

  /** Does nothing when it does not run. @throws BrokerError `FAILED` when it is not gone in time; it is killed then */
  async end(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    await this.#running?.end(signal, timeoutMs)
    this.#paused = false
  }

  /** @throws BrokerError `NOT_RUNNING` */
  pause(): void {
    this.#alive().signal('SIGSTOP')
    this.#paused = true
  }

  /** @throws BrokerError `NOT_RUNNING` */
  resume(): void {
    this.#alive().signal('SIGCONT')
    this.#paused = false
  }

  /** @throws BrokerError `NOT_RUNNING` when it cannot answer */
  mustAnswer(): void {
    this.#alive()
    if (this.#paused) throw new BrokerError('NOT_RUNNING', `${this.#title} is paused; resume it first`)
  }

  get #running(): ManagedProcess | undefined {
    return this.#process?.exit === undefined ? this.#process : undefined
  }

  #alive(): ManagedProcess {
    const process = this.#running
    if (process === undefined) throw new BrokerError('NOT_RUNNING', `${this.#title} is not running; start it first`)
    return process
  }
}
