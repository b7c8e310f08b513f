import { join } from 'node:path'
import type { Facts } from '../facts.js'
import { groups } from '../topics.js'
import { confirmed, type ConsumerRole, type Counts, type PublisherRole } from './protocol.js'
import { WorkerProcess, type Ending } from './worker-process.js'

export interface CrewOptions {
  /** The bundle of a worker. */
  readonly program: string
  readonly adapter: string
  readonly connection: unknown
  /** Where histories go. */
  readonly folder: string
  readonly facts: Facts
  /** Something went wrong that no fault explains. */
  readonly problem: (text: string) => void
}

const consumerRole: ConsumerRole = { kind: 'consumer', concurrency: 24 }
const startLimitMs = 60_000
/** A process that is told to end has 25 s for its handlers, and some for the rest. */
const stopLimitMs = 40_000

/** The processes that publish and consume. Each life of a process is an instance of its own, with a history of its own. */
export class Crew {
  readonly #options: CrewOptions
  readonly #all: WorkerProcess[] = []
  /** Those whose end is no surprise. */
  readonly #doomed = new Set<WorkerProcess>()
  #born = 0

  constructor(options: CrewOptions) {
    this.#options = options
  }

  get publishers(): readonly WorkerProcess[] {
    return this.#living('publisher')
  }

  get consumers(): readonly WorkerProcess[] {
    return this.#living('consumer')
  }

  /** Of every process that there ever was. */
  get histories(): readonly { readonly instance: string; readonly path: string }[] {
    return this.#all.map(({ task }) => ({ instance: task.name, path: task.historyFile }))
  }

  startConsumer(): Promise<WorkerProcess> {
    return this.#start(consumerRole)
  }

  startPublisher(role: PublisherRole): Promise<WorkerProcess> {
    return this.#start(role)
  }

  /** Without warning (SIGKILL). Resolves when it is gone. */
  async kill(worker: WorkerProcess): Promise<void> {
    this.#doomed.add(worker)
    // Before, because others may have its messages in the very moment in which the broker sees it gone.
    this.#options.facts.note('killed', worker.name)
    worker.signal('SIGKILL')
    await worker.ended
  }

  /** In good order (SIGTERM). Resolves when it is gone; says so when it did not end well, or not in time. */
  async stop(worker: WorkerProcess): Promise<void> {
    this.#doomed.add(worker)
    worker.signal('SIGTERM')
    const late = setTimeout(() => {
      this.#options.problem(`${worker.name} had not ended ${stopLimitMs} ms after SIGTERM, and was killed`)
      this.#options.facts.note('killed', worker.name)
      worker.signal('SIGKILL')
    }, stopLimitMs)
    const ending = await worker.ended
    clearTimeout(late)
    if (ending.signal === 'SIGKILL') return
    if (ending.code !== 0) this.#options.problem(`${worker.name} was told to end and ${tellEnding(ending, worker)}`)
    this.#options.facts.note('closed', worker.name)
  }

  /** Of all, those that are gone included. */
  count(): Counts {
    const sum = (what: keyof Counts): number => this.#all.reduce((total, { progress }) => total + progress[what], 0)
    return { publishes: sum('publishes'), answers: sum('answers'), runs: sum('runs'), ends: sum('ends') }
  }

  /** When what a group has begun last was published. */
  newest(group: string): number {
    return this.#all.reduce((newest, { progress }) => Math.max(newest, progress.newest[group] ?? 0), 0)
  }

  /**
   * Whether messages that were published after that time have got through: confirmed to every publisher, begun in every group of the main
   * topic.
   */
  hasRecovered(since: number): boolean {
    const [ordered, unordered] = groups
    return (
      this.publishers.every(({ progress }) => (progress.newest[confirmed] ?? 0) > since) &&
      [ordered, unordered].every(({ group }) => this.newest(group) > since)
    )
  }

  /** Resolves when it is true, or false when the time is over. */
  until(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isTrue()) end(true)
      }
      const end = (result: boolean): void => {
        clearInterval(timer)
        clearTimeout(late)
        resolve(result)
      }
      const timer = setInterval(look, 20)
      const late = setTimeout(() => end(isTrue()), timeoutMs)
      look()
    })
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.publishers, ...this.consumers].map((worker) => this.stop(worker)))
  }

  /** Whatever they do. */
  async killAll(): Promise<void> {
    await Promise.all([...this.publishers, ...this.consumers].map((worker) => this.kill(worker)))
  }

  async #start(role: ConsumerRole | PublisherRole): Promise<WorkerProcess> {
    const { program, adapter, connection, folder } = this.#options
    const name = `${role.kind}-${++this.#born}`
    const historyFile = join(folder, `${name}.history`)
    const worker = new WorkerProcess(program, { name, adapter, connection, historyFile, role })
    this.#all.push(worker)
    void this.#watch(worker)
    const ready = await this.until(() => worker.ready || worker.ending !== undefined, startLimitMs)
    if (!ready) this.#options.problem(`${name} was not ready ${startLimitMs} ms after its start`)
    return worker
  }

  async #watch(worker: WorkerProcess): Promise<void> {
    const ending = await worker.ended
    if (this.#doomed.has(worker)) return
    this.#options.facts.note('killed', worker.name)
    this.#options.problem(`${worker.name} ${tellEnding(ending, worker)}, and nobody had told it to`)
  }

  #living(kind: 'publisher' | 'consumer'): readonly WorkerProcess[] {
    return this.#all.filter(({ task, ending }) => task.role.kind === kind && ending === undefined)
  }
}

function tellEnding({ code, signal }: Ending, { errors }: WorkerProcess): string {
  const how = signal === null ? `ended with code ${String(code)}` : `was ended by ${signal}`
  return errors === '' ? how : `${how}: ${errors}`
}
