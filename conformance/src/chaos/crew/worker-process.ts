import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Command, Report, Task } from './protocol.js'

type Progress = Extract<Report, { kind: 'progress' }>

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const nothing: Progress = { kind: 'progress', publishes: 0, answers: 0, runs: 0, ends: 0, newest: {} }
const errorTail = 4_000

/** A process of the crew, from the outside. It ends with the process that started it. */
export class WorkerProcess {
  readonly task: Task
  readonly #child: ChildProcess
  readonly #ended: Promise<Ending>
  #progress = nothing
  #ending: Ending | undefined
  #errors = ''
  #ready = false
  #finished = false
  #stalls = 0

  constructor(program: string, task: Task) {
    this.task = task
    this.#child = spawn(process.execPath, ['--enable-source-maps', program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const kill = (): void => void this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = `${this.#errors}${text}`.slice(-errorTail)
    })
    this.#child.on('message', (report: Report) => this.#hear(report))
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      process.off('exit', kill)
      const ending = { code: code as number | null, signal: signal as NodeJS.Signals | null }
      this.#ending = ending
      return ending
    })
    this.send({ kind: 'task', task })
  }

  get name(): string {
    return this.task.name
  }

  /** What it has said last: it is behind by some 50 ms. */
  get progress(): Progress {
    return this.#progress
  }

  /** Messages that are still to be published, of a publisher. */
  get left(): number {
    const { role } = this.task
    return role.kind === 'publisher' ? Math.max(0, role.messages - this.#progress.publishes) : 0
  }

  get ready(): boolean {
    return this.#ready
  }

  get finished(): boolean {
    return this.#finished
  }

  /** How often it has stood still. */
  get stalls(): number {
    return this.#stalls
  }

  /** Undefined while it lives. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  get ended(): Promise<Ending> {
    return this.#ended
  }

  /** The end of what it wrote to its standard error. */
  get errors(): string {
    return this.#errors.trim()
  }

  send(command: Command): void {
    if (this.#child.connected) this.#child.send(command, () => undefined)
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  #hear(report: Report): void {
    if (report.kind === 'progress') this.#progress = report
    else if (report.kind === 'ready') this.#ready = true
    else if (report.kind === 'finished') this.#finished = true
    else this.#stalls += 1
  }
}
