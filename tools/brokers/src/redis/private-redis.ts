import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import type { Guard } from '../process/guard.js'
import { ManagedProcess, tail } from '../process/managed-process.js'
import { until } from '../process/until.js'
import { ask } from './ask.js'
import type { Redis } from './redis.js'
import type { RedisReply } from './reply.js'

const startTimeoutMs = 30_000
const stopTimeoutMs = 15_000

export interface RedisSite {
  readonly server: string
  readonly folder: string
  readonly guard: Guard
  readonly port: number
}

/** One server, on a port and in a folder of its own. It keeps both over restarts. */
export class PrivateRedis implements Redis {
  readonly host = '127.0.0.1'
  readonly controllable = true
  readonly #site: RedisSite
  #process: ManagedProcess | undefined
  #paused = false

  constructor(site: RedisSite) {
    this.#site = site
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#site.port}`
  }

  get port(): number {
    return this.#site.port
  }

  get folder(): string {
    return this.#site.folder
  }

  get pid(): number | undefined {
    return this.#running?.pid
  }

  get state(): 'running' | 'paused' | 'stopped' {
    if (this.#running === undefined) return 'stopped'
    return this.#paused ? 'paused' : 'running'
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) throw new BrokerError('FAILED', 'Redis is running already')
    const { server, folder, guard } = this.#site
    const logFile = join(folder, 'output.log')
    this.#paused = false
    const process = await ManagedProcess.start(
      {
        title: 'redis-server',
        command: server,
        args: [join(folder, 'redis.conf')],
        env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
        folder,
        logFile,
      },
      guard,
    )
    this.#process = process
    await until('Redis answers', () => this.#answers(process), { timeoutMs: startTimeoutMs, everyMs: 10 }).catch(
      async (error: unknown) => {
        await this.kill()
        throw error
      },
    )
    if (process.exit !== undefined) throw new BrokerError('NOT_STARTED', `Redis has ended:\n${tail(logFile)}`)
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  pause(): void {
    this.#alive().signal('SIGSTOP')
    this.#paused = true
  }

  resume(): void {
    this.#alive().signal('SIGCONT')
    this.#paused = false
  }

  async configSet(name: string, value: string): Promise<void> {
    await this.command('CONFIG', 'SET', name, value)
  }

  async command(...words: readonly string[]): Promise<RedisReply> {
    this.#alive()
    if (this.#paused) throw new BrokerError('NOT_RUNNING', 'Redis is paused; resume it first')
    return ask(this.port, words)
  }

  async close(): Promise<void> {
    await this.kill()
    await this.#site.guard.close()
  }

  /** It answers with an error while it loads what it kept. */
  async #answers(process: ManagedProcess): Promise<boolean> {
    if (process.exit !== undefined) return true
    return ask(this.port, ['PING'], 1000).then(
      () => true,
      () => false,
    )
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.#running?.end(signal, stopTimeoutMs)
    this.#paused = false
  }

  get #running(): ManagedProcess | undefined {
    return this.#process?.exit === undefined ? this.#process : undefined
  }

  #alive(): ManagedProcess {
    const process = this.#running
    if (process === undefined) throw new BrokerError('NOT_RUNNING', 'Redis is not running; start it first')
    return process
  }
}
