import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError } from '../broker-error.js'
import type { Guard } from './guard.js'

export interface ProcessSpec {
  /** For errors. */
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  /** Takes its standard output and standard error. */
  readonly logFile: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * One run of a program. It has a session of its own, so that Ctrl-C reaches it through us only, and it does not keep this
 * process alive: whoever forgets to close it can still exit, and the guard ends it then.
 */
export class ManagedProcess {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #title: string
  #exit: Exit | undefined

  private constructor(pid: number, title: string, exited: Promise<Exit>) {
    this.pid = pid
    this.#title = title
    this.exited = exited.then((exit) => (this.#exit = exit))
  }

  /** @throws BrokerError `NOT_STARTED` when the program cannot be run */
  static async start(spec: ProcessSpec, guard: Guard): Promise<ManagedProcess> {
    const log = openSync(spec.logFile, 'a')
    const child = spawn(spec.command, spec.args, {
      cwd: spec.folder,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    const { pid } = child
    if (pid === undefined) {
      const cause = await new Promise((resolve) => child.once('error', resolve))
      throw new BrokerError('NOT_STARTED', `${spec.title}: ${spec.command} cannot be run`, { cause })
    }
    child.unref()
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    guard.add(pid, exited)
    return new ManagedProcess(pid, spec.title, exited)
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) process.kill(this.pid, signal)
  }

  /** Ends it with a signal. @throws BrokerError `FAILED` when it is not gone in time; it is killed then */
  async end(signal: NodeJS.Signals, timeoutMs: number): Promise<Exit> {
    this.signal('SIGCONT')
    this.signal(signal)
    const exit = await this.#exitWithin(timeoutMs)
    if (exit !== undefined) return exit
    this.signal('SIGKILL')
    await this.#exitWithin(10_000)
    throw new BrokerError('FAILED', `${this.#title} did not end within ${timeoutMs} ms of ${signal}; it was killed`)
  }

  /** The timer also keeps this process alive while somebody waits. */
  async #exitWithin(timeoutMs: number): Promise<Exit | undefined> {
    const timer = new AbortController()
    const late = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined)
    const exit = await Promise.race([this.exited, late])
    timer.abort()
    return exit
  }
}

/** The end of a file, for an error: long, because the reason often stands before a long report. Empty when there is none. */
export function tail(file: string, characters = 12_000): string {
  try {
    return readFileSync(file, 'utf8').slice(-characters).trim()
  } catch {
    return ''
  }
}
