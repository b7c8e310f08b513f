import { connect, type Socket } from 'node:net'
import { int16, int32, sized, string } from './bytes.js'
import { FrameSplitter } from './frames.js'

const silenceMs = 30_000

/** One connection to a node: requests are answered in their order. */
export class KafkaConnection {
  readonly #socket: Socket
  readonly #clientId: string
  readonly #frames = new FrameSplitter()
  readonly #waiting: { readonly resolve: (payload: Buffer) => void; readonly reject: (error: Error) => void }[] = []
  #correlationId = 0

  static async open(address: string, clientId: string): Promise<KafkaConnection> {
    const [host = '', port] = address.split(':')
    const socket = connect({ host, port: Number(port) })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new KafkaConnection(socket, clientId)
  }

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket
    this.#clientId = clientId
    socket.on('data', (bytes: Buffer) => {
      // Behind the length and the number of the request.
      for (const frame of this.#frames.push(bytes)) this.#waiting.shift()?.resolve(frame.subarray(8))
    })
    // Longer than a join takes. What is asked of a node that stands still ends.
    socket.setTimeout(silenceMs, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection to the node has ended'))
    })
  }

  /** Resolves with what stands behind the head of the answer. */
  ask(apiKey: number, version: number, body: readonly Buffer[]): Promise<Buffer> {
    this.#correlationId += 1
    const head = [int16(apiKey), int16(version), int32(this.#correlationId), string(this.#clientId)]
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the connection to the node has ended'))
      this.#waiting.push({ resolve, reject })
      this.#socket.write(sized(Buffer.concat([...head, ...body])))
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}
