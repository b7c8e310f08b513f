import { randomUUID } from 'node:crypto'
import { rename, mkdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError } from '../broker-error.js'
import type { Guard } from '../process/guard.js'
import { tail, type ManagedProcess } from '../process/managed-process.js'
import { Restartable, type RunState } from '../process/restartable.js'
import { run } from '../process/run.js'
import { viewCluster } from './cluster-view.js'
import type { KafkaDistribution } from './distribution.js'
import type { KafkaNode } from './node.js'
import { defaultStartTimeoutMs, type KafkaOptions } from './options.js'
import { scramArguments, serverProperties, type KafkaPlace } from './server-config.js'

/** Three that stop together wait for a quorum that is gone. */
const stopTimeoutMs = 60_000
const killTimeoutMs = 30_000
const formatTimeoutMs = 60_000
const quickStart = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export interface KafkaSite {
  readonly kafka: KafkaDistribution
  readonly folder: string
  readonly guard: Guard
  readonly clusterId: string
  readonly options: KafkaOptions
  readonly keyStore: string | undefined
}

/** One node, on ports and in a folder of its own. It keeps both over restarts. */
export class PrivateKafkaNode implements KafkaNode {
  readonly host = '127.0.0.1'
  readonly #site: KafkaSite
  readonly #place: KafkaPlace
  readonly #server: Restartable

  private constructor(site: KafkaSite, place: KafkaPlace) {
    this.#site = site
    this.#place = place
    this.#server = new Restartable(this.#title, site.guard)
  }

  /** Prepares its folder; nothing runs yet. */
  static async prepare(site: KafkaSite, place: KafkaPlace, places: readonly KafkaPlace[]): Promise<PrivateKafkaNode> {
    const node = new PrivateKafkaNode(site, place)
    await mkdir(place.folder, { recursive: true })
    await writeFile(node.#propertiesFile, serverProperties(place, places, site.options, site.keyStore))
    await node.#format()
    return node
  }

  get id(): number {
    return this.#place.id
  }

  get port(): number {
    return this.#place.advertisedPort
  }

  get tlsPort(): number | undefined {
    return this.#place.tlsPort
  }

  get saslPort(): number | undefined {
    return this.#place.saslPort
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  get state(): RunState {
    return this.#server.state
  }

  async start(): Promise<void> {
    const process = await this.#run(['-Xshare:auto', `-XX:SharedArchiveFile=${this.#site.kafka.archive}`])
    await this.#untilReady(process)
  }

  async stop(): Promise<void> {
    await this.#server.end('SIGTERM', stopTimeoutMs)
  }

  async kill(): Promise<void> {
    await this.#server.end('SIGKILL', killTimeoutMs)
  }

  pause(): void {
    this.#server.pause()
  }

  resume(): void {
    this.#server.resume()
  }

  /** What this node knows of the cluster; `undefined` while it does not answer. */
  async brokersSeen(): Promise<number | undefined> {
    const view = await viewCluster(this.#place.port)
    return view !== undefined && view.clusterId === this.#site.clusterId ? view.brokers.length : undefined
  }

  /**
   * Starts and stops it once to keep what it loads: every later start takes half of the time. Somebody else may be doing the same, so
   * what it writes gets its name last.
   */
  async makeArchive(): Promise<void> {
    const { archive } = this.#site.kafka
    if (existsSync(archive)) return
    const own = `${archive}.${randomUUID()}`
    await this.#untilReady(await this.#run([`-XX:ArchiveClassesAtExit=${own}`]))
    await this.stop()
    if (existsSync(own)) await rename(own, archive)
  }

  get #title(): string {
    return `Kafka node ${this.id}`
  }

  get #propertiesFile(): string {
    return join(this.#place.folder, 'server.properties')
  }

  get #logFile(): string {
    return join(this.#place.folder, 'output.log')
  }

  #arguments(flags: readonly string[], main: string, rest: readonly string[]): string[] {
    const log = ['defaultLogLevel=info', 'showDateTime=true', 'dateTimeFormat=HH:mm:ss.SSS', 'showThreadName=false']
    const { javaFlags = quickStart } = this.#site.options
    return [
      ...javaFlags,
      ...flags,
      ...log.map((one) => `-Dorg.slf4j.simpleLogger.${one}`),
      ...['-cp', this.#site.kafka.classPath],
      main,
      ...rest,
    ]
  }

  async #format(): Promise<void> {
    const { kafka, clusterId, options } = this.#site
    const format = ['format', '-t', clusterId, '-c', this.#propertiesFile, ...scramArguments(options)]
    const flags = ['-Xshare:auto', `-XX:SharedArchiveFile=${kafka.archive}`]
    await run(kafka.java, this.#arguments(flags, 'kafka.tools.StorageTool', format), {
      cwd: this.#place.folder,
      env: environment,
      timeoutMs: formatTimeoutMs,
    })
  }

  #run(flags: readonly string[]): Promise<ManagedProcess> {
    return this.#server.start({
      command: this.#site.kafka.java,
      args: this.#arguments(flags, 'kafka.Kafka', [this.#propertiesFile]),
      env: environment,
      folder: this.#place.folder,
      logFile: this.#logFile,
    })
  }

  async #untilReady(process: ManagedProcess): Promise<void> {
    const { startTimeoutMs = defaultStartTimeoutMs } = this.#site.options
    const deadline = performance.now() + startTimeoutMs
    while (!(await this.#isReady())) {
      if (process.exit !== undefined) throw this.#notStarted('it ended')
      if (performance.now() > deadline) {
        await process.end('SIGKILL', killTimeoutMs)
        throw this.#notStarted(`it was not part of its cluster within ${startTimeoutMs} ms`)
      }
      await delay(25)
    }
  }

  /** It answers, for this cluster, and the cluster has taken it in. */
  async #isReady(): Promise<boolean> {
    const view = await viewCluster(this.#place.port)
    if (view === undefined || view.clusterId !== this.#site.clusterId) return false
    return view.controller >= 0 && view.brokers.includes(this.id)
  }

  #notStarted(why: string): BrokerError {
    return new BrokerError('NOT_STARTED', `${this.#title} has not started: ${why}\n${tail(this.#logFile)}`)
  }
}

const environment = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
