import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError } from '../broker-error.js'
import { freePort } from '../process/free-port.js'
import { tail } from '../process/managed-process.js'
import { Restartable, type RunState } from '../process/restartable.js'
import { configText, nodeEnvironment, type NodePlace } from './config.js'
import type { Certificates } from '../process/certificates.js'
import { erlCall } from './erl-call.js'
import { asJson, printed, withoutDot } from './erlang.js'
import type { RabbitNode } from './node.js'
import { defaultStartTimeoutMs, type RabbitOptions } from './options.js'
import { answersAmqp } from './ready.js'
import { ResidentEvaluator } from './resident.js'
import type { RabbitSite } from './site.js'

const stopTimeoutMs = 60_000
/** The limits of this folder end what hangs: a busy machine takes ten times as long as a quiet one. */
const answerTimeoutMs = 30_000

export interface NodePlan {
  readonly site: RabbitSite
  readonly name: string
  /** Of every node of the cluster. */
  readonly names: readonly string[]
  readonly options: RabbitOptions
  readonly certificates: Certificates | undefined
}

/** One node from the installed programs, on ports and in a folder of its own. It keeps both over restarts. */
export class PrivateNode implements RabbitNode {
  readonly url: string
  readonly tlsUrl: string | undefined
  readonly #plan: NodePlan
  readonly #place: NodePlace
  readonly #server: Restartable
  readonly #evaluator = new ResidentEvaluator((expressions, timeoutMs) =>
    erlCall(this.#plan.site, this.name, expressions, timeoutMs),
  )

  private constructor(plan: NodePlan, place: NodePlace) {
    this.#plan = plan
    this.#place = place
    this.#server = new Restartable(place.name, plan.site.guard)
    this.url = `amqp://guest:guest@127.0.0.1:${place.port}`
    this.tlsUrl = place.tlsPort === undefined ? undefined : `amqps://guest:guest@127.0.0.1:${place.tlsPort}`
  }

  /** Prepares its folder; nothing runs yet. */
  static async prepare(plan: NodePlan): Promise<PrivateNode> {
    const { site, name, names, options, certificates } = plan
    const place: NodePlace = {
      name,
      folder: join(site.folder, name),
      port: await freePort(),
      tlsPort: certificates === undefined ? undefined : await freePort(),
      distributionPort: await freePort(),
    }
    for (const part of ['data', 'log', 'generated', 'schema'])
      await mkdir(join(place.folder, part), { recursive: true })
    await writeFile(join(place.folder, 'rabbitmq.conf'), configText(place, names, options, certificates))
    return new PrivateNode(plan, place)
  }

  get name(): string {
    return this.#place.name
  }

  get host(): string {
    return '127.0.0.1'
  }

  get port(): number {
    return this.#place.port
  }

  get tlsPort(): number | undefined {
    return this.#place.tlsPort
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  get state(): RunState {
    return this.#server.state
  }

  async start(): Promise<void> {
    const { site, options } = this.#plan
    const { startTimeoutMs = defaultStartTimeoutMs, settings } = options
    const { folder } = this.#place
    const process = await this.#server.start({
      command: site.programs.server,
      args: [],
      env: nodeEnvironment(site, this.#place, settings),
      folder,
      logFile: join(folder, 'output.log'),
    })
    const deadline = performance.now() + startTimeoutMs
    while (!(await answersAmqp(this.port))) {
      if (process.exit !== undefined) throw this.#notStarted('it ended')
      if (performance.now() > deadline) {
        await process.end('SIGKILL', answerTimeoutMs)
        throw this.#notStarted(`it did not answer within ${startTimeoutMs} ms`)
      }
      await delay(50)
    }
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM', stopTimeoutMs)
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL', answerTimeoutMs)
  }

  pause(): void {
    this.#server.pause()
  }

  resume(): void {
    this.#server.resume()
  }

  evaluate(expressions: string): Promise<string> {
    return this.#call(printed(withoutDot(expressions)))
  }

  async query(expressions: string): Promise<unknown> {
    return JSON.parse(await this.#call(asJson(expressions)))
  }

  async #call(expressions: string): Promise<string> {
    this.#server.mustAnswer()
    return this.#evaluator.call(expressions, answerTimeoutMs)
  }

  async #end(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    await this.#server.end(signal, timeoutMs)
    this.#evaluator.forget()
  }

  #notStarted(why: string): BrokerError {
    const { folder, name } = this.#place
    const logs = [tail(join(folder, 'output.log')), tail(join(folder, 'log', `${name}.log`))].filter(
      (log) => log !== '',
    )
    return new BrokerError('NOT_STARTED', `${name} has not started: ${why}\n${logs.join('\n')}`)
  }
}
