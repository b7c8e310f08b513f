import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { id, method, openOk, short, start, tune, u32, u64 } from './frames.js'

export interface Received {
  readonly type: number
  readonly channel: number
  /** Class and method number, 0 for what is no method. */
  readonly method: number
  readonly payload: Buffer
}

/** The other end of a connection, in the hands of a test. */
export class Peer {
  readonly socket: Socket
  /** Says nothing by itself. */
  silent = false
  readonly #frames: Received[] = []
  readonly #waiting: { wanted: (frame: Received) => boolean; resolve: (frame: Received) => void }[] = []
  readonly #answers = new Map<number, (frame: Received) => Buffer>()
  #rest = Buffer.alloc(0)
  #greeted = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames))
  }

  /** Answers each such method from now on. */
  answer(methodId: number, reply: (frame: Received) => Buffer): this {
    this.#answers.set(methodId, reply)
    return this
  }

  /** The next such method that was not waited for before. */
  next(methodId: number): Promise<Received> {
    const wanted = (frame: Received): boolean => frame.method === methodId
    const index = this.#frames.findIndex(wanted)
    if (index !== -1) return Promise.resolve(this.#frames.splice(index, 1)[0] as Received)
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }))
  }

  /** Up to an open connection, and answers to the usual requests. */
  greet(heartbeatSeconds = 0): this {
    return this.answer(id.startOk, () => tune(heartbeatSeconds))
      .answer(id.open, openOk)
      .answer(id.close, () => method(0, id.closeOk))
      .answer(id.channelOpen, ({ channel }) => method(channel, id.channelOpenOk, u32(0)))
      .answer(id.channelClose, ({ channel }) => method(channel, id.channelCloseOk))
      .answer(id.channelFlow, ({ channel }) => method(channel, id.channelFlowOk, Buffer.of(1)))
      .answer(id.confirmSelect, ({ channel }) => method(channel, id.confirmSelectOk))
      .answer(id.consume, ({ channel }) => method(channel, id.consumeOk, short(`tag-${channel}`)))
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    if (!this.#greeted) {
      if (this.#rest.length < 8) return
      this.#rest = this.#rest.subarray(8)
      this.#greeted = true
      if (!this.silent) this.send(start())
    }
    while (this.#rest.length >= 8) {
      const end = 7 + this.#rest.readUInt32BE(3)
      if (this.#rest.length <= end) return
      const payload = this.#rest.subarray(7, end)
      const [type = 0] = this.#rest
      this.#take({
        type,
        channel: this.#rest.readUInt16BE(1),
        method: type === 1 ? payload.readUInt32BE(0) : 0,
        payload,
      })
      this.#rest = this.#rest.subarray(end + 1)
    }
  }

  #take(frame: Received): void {
    const answer = this.#answers.get(frame.method)
    if (answer !== undefined) this.send(answer(frame))
    const index = this.#waiting.findIndex(({ wanted }) => wanted(frame))
    if (index === -1) this.#frames.push(frame)
    else this.#waiting.splice(index, 1)[0]?.resolve(frame)
  }
}

export interface ScriptedServer {
  readonly port: number
  close(): Promise<void>
}

/** A broker that does what `script` says with each connection. It has sent `connection.start` by itself. */
export async function startScriptedServer(script: (peer: Peer) => void): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    script(new Peer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export const queueFacts = (channel: number, name: string): Buffer =>
  method(channel, id.queueDeclareOk, short(name), u32(0), u32(0))
export const gotten = (channel: number, tag: number): Buffer =>
  method(channel, id.getOk, u64(tag), Buffer.of(0), short(''), short('key'), u32(0))
