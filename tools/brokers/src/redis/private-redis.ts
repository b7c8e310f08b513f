import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import type { Guard } from '../process/guard.js'
import { tail, type ManagedProcess } from '../process/managed-process.js'
import { Restartable, type RunState } from '../process/restartable.js'
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
  readonly #server: Restartable

  constructor(site: RedisSite) {
    this.#site = site
    this.#server = new Restartable('Redis', site.guard)
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
    return this.#server.pid
  }

  get state(): RunState {
    return this.#server.state
  }

  async start(): Promise<void> {
    const { server, folder } = this.#site
    const logFile = join(folder, 'output.log')
    const process = await this.#server.start({
      command: server,
      args: [join(folder, 'redis.conf')],
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
      folder,
      logFile,
    })
    await until('Redis answers', () => this.#answers(process), { timeoutMs: startTimeoutMs, everyMs: 10 }).catch(
      async (error: unknown) => {
        await this.kill()
        throw error
      },
    )
    if (process.exit !== undefined) throw new BrokerError('NOT_STARTED', `Redis has ended:\n${tail(logFile)}`)
  }

  async stop(): Promise<void> {
    await this.#server.end('SIGTERM', stopTimeoutMs)
  }

  async kill(): Promise<void> {
    await this.#server.end('SIGKILL', stopTimeoutMs)
  }

  pause(): void {
    this.#server.pause()
  }

  resume(): void {
    this.#server.resume()
  }

  async configSet(name: string, value: string): Promise<void> {
    await this.command('CONFIG', 'SET', name, value)
  }

  async command(...words: readonly string[]): Promise<RedisReply> {
    this.#server.mustAnswer()
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
}
