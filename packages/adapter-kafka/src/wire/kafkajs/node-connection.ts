import type { Socket } from 'node:net'
import type { TimerHeap } from '@sluice/core/spi'
import { KafkaError } from '../kafka-error.js'
import { Frames } from './frames.js'
import type { KafkaRequest } from './requests.js'

interface Waiting {
  readonly request: KafkaRequest<unknown>
  readonly cancel: () => void
  readonly resolve: (payload: Buffer) => void
  readonly reject: (error: KafkaError) => void
}

export interface NodeConnectionOptions {
  readonly socket: Socket
  /** Shown in the logs of the broker. */
  readonly clientId: string
  readonly timers: TimerHeap
  /** Once, whoever ended it; the requests under way have heard it before. */
  readonly closed: (reason: KafkaError) => void
}

/**
 * A connection to one node. Requests are written in the order of the calls and answered in that order, so a request that the broker holds
 * back (a fetch, a join) holds back what is behind it. A request without an answer in time ends the connection, because whether it was
 * carried out is not known, and what comes behind would wait for it as well.
 */
export class NodeConnection {
  readonly #options: NodeConnectionOptions
  readonly #waiting = new Map<number, Waiting>()
  #correlation = 0
  #end: KafkaError | undefined
  /** Requests are encoded one after the other, or a short one would overtake a long one. */
  #writes: Promise<void> = Promise.resolve()

  constructor(options: NodeConnectionOptions) {
    this.#options = options
    const { socket } = options
    const frames = new Frames((frame) => this.#answered(frame))
    socket.on('data', (chunk: Buffer) => {
      try {
        frames.add(chunk)
      } catch (error) {
        this.destroy(
          new KafkaError(`what came is no answer of Kafka: ${(error as Error).message}`, { kind: 'protocol' }),
        )
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.destroy(
        new KafkaError(error.message || (error.code ?? 'error'), { kind: 'io', errno: error.code, cause: error }),
      )
    })
    socket.on('close', () => this.destroy(new KafkaError('the broker has closed the connection', { kind: 'io' })))
  }

  get isOpen(): boolean {
    return this.#end === undefined
  }

  /** Requests that are written and not answered. */
  get pending(): number {
    return this.#waiting.size
  }

  /** Rejects with a {@link KafkaError} when the connection ends before the answer; after `timeoutMs` without one it ends. */
  async request<T>(request: KafkaRequest<T>, timeoutMs: number): Promise<T> {
    const body = request.encode()
    const bytes = body instanceof Promise ? await this.#inOrder(body) : body
    const payload = await this.#write(request, bytes, timeoutMs)
    try {
      return await request.decode(payload)
    } catch (error) {
      const text = `the answer to ${request.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`
      const reason = new KafkaError(text, { kind: 'protocol', cause: error })
      this.destroy(reason)
      throw reason
    }
  }

  /** At once. `closed` follows, also for those who wait for answers. */
  destroy(reason: KafkaError): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#options.socket.destroy()
    for (const { cancel, reject } of this.#waiting.values()) {
      cancel()
      reject(reason)
    }
    this.#waiting.clear()
    this.#options.closed(reason)
  }

  async #inOrder(body: Promise<Buffer>): Promise<Buffer> {
    const before = this.#writes
    const mine = Promise.all([body, before])
    this.#writes = mine.then(
      () => undefined,
      () => undefined,
    )
    const [bytes] = await mine
    return bytes
  }

  #write(request: KafkaRequest<unknown>, body: Buffer, timeoutMs: number): Promise<Buffer> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const { socket, clientId, timers } = this.#options
    const correlation = this.#correlation
    this.#correlation = (correlation + 1) & 0x7fff_ffff
    return new Promise((resolve, reject) => {
      const cancel = timers.after(timeoutMs, () => {
        this.destroy(
          new KafkaError(`no answer to ${request.name} within ${timeoutMs} ms`, { kind: 'io', errno: 'ETIMEDOUT' }),
        )
      })
      this.#waiting.set(correlation, { request, cancel, resolve, reject })
      socket.cork()
      socket.write(header(request, correlation, clientId, body.length))
      socket.write(body)
      socket.uncork()
    })
  }

  #answered(frame: Buffer): void {
    const correlation = frame.readInt32BE(0)
    const waiting = this.#waiting.get(correlation)
    if (waiting === undefined) {
      this.destroy(new KafkaError(`an answer to request ${correlation}, which was not asked`, { kind: 'protocol' }))
      return
    }
    this.#waiting.delete(correlation)
    waiting.cancel()
    waiting.resolve(frame.subarray(4))
  }
}

function header(
  { apiKey, version }: KafkaRequest<unknown>,
  correlation: number,
  clientId: string,
  bodyBytes: number,
): Buffer {
  const idBytes = Buffer.byteLength(clientId)
  const bytes = Buffer.allocUnsafe(14 + idBytes)
  bytes.writeInt32BE(10 + idBytes + bodyBytes, 0)
  bytes.writeInt16BE(apiKey, 4)
  bytes.writeInt16BE(version, 6)
  bytes.writeInt32BE(correlation, 8)
  bytes.writeInt16BE(idBytes, 12)
  bytes.write(clientId, 14)
  return bytes
}
