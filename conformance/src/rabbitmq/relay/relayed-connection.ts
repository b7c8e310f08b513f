import { connect, type Socket } from 'node:net'
import { reset, type FaultSide } from '@sluice/testing'
import { channelOf, type Frame } from '../amqp/frame.js'
import { method, methodOf, readConnectionName } from '../amqp/method.js'
import { FrameSplitter } from '../amqp/splitter.js'
import { ConfirmChannel } from './confirm-channel.js'
import { DelayLine } from './delay-line.js'
import type { SendRules } from './send-rules.js'

/** Who has made a connection, as its name at the broker says. */
export interface Owner {
  readonly client: string
  readonly side: FaultSide
}

export interface RelayedOptions {
  readonly socket: Socket
  readonly target: { readonly host: string; readonly port: number }
  readonly rules: SendRules
  /** The connection has said who it is. */
  readonly identified: (connection: RelayedConnection, owner: Owner) => void
  readonly closed: (connection: RelayedConnection) => void
}

/** What a client sends before its first frame: the version of the protocol. */
const greetingBytes = 8

/** One connection of a client with the one to the broker behind it. */
export class RelayedConnection {
  readonly #options: RelayedOptions
  readonly #client: Socket
  readonly #broker: Socket
  readonly #fromClient = new FrameSplitter()
  readonly #fromBroker = new FrameSplitter()
  readonly #channels = new Map<number, ConfirmChannel>()
  readonly #delays = new DelayLine((frames) => this.#write(this.#broker, frames))
  #owner: Owner | undefined
  /** Bytes of the greeting that have not come. */
  #greeting = greetingBytes
  /** Frames are looked at: until it is known whose it is, and for as long as it publishes. */
  #looks = true
  /** While set, nothing passes: what comes is kept for the end of the silence. */
  #held: { readonly to: Socket; readonly bytes: Buffer }[] | undefined
  /** Whatever else the client says is lost. */
  #isDeaf = false
  #isOver = false

  constructor(options: RelayedOptions) {
    this.#options = options
    this.#client = options.socket
    this.#broker = connect(options.target)
    for (const [socket, hear] of [
      [this.#client, (bytes: Buffer) => this.#clientSaid(bytes)],
      [this.#broker, (bytes: Buffer) => this.#brokerSaid(bytes)],
    ] as const) {
      socket.setNoDelay(true)
      socket.on('data', hear)
      // Without a handler it would end the process; close comes after it.
      socket.on('error', () => undefined)
      socket.on('end', () => this.#ended(socket))
      socket.on('close', () => this.#ended(socket))
    }
  }

  get owner(): Owner | undefined {
    return this.#owner
  }

  /** Without a farewell, on both sides. What was kept or delayed is lost. */
  cut(): void {
    this.#over()
    reset(this.#client)
    // Not connected yet: there is nobody to reset.
    if (this.#broker.connecting) this.#broker.destroy()
    else reset(this.#broker)
  }

  silence(): void {
    this.#held ??= []
  }

  /** What was kept goes on, as TCP sends again what was not acknowledged; unless one of both has given up meanwhile. */
  speak(): void {
    const held = this.#held
    this.#held = undefined
    if (held === undefined || this.#isOver) return
    if (this.#client.destroyed || this.#client.readableEnded || this.#broker.destroyed || this.#broker.readableEnded) {
      this.cut()
      return
    }
    for (const { to, bytes } of held) to.write(bytes)
  }

  #clientSaid(bytes: Buffer): void {
    if (this.#isOver) return
    if (!this.#looks) {
      this.#pass(this.#broker, bytes)
      return
    }
    const greeting = Math.min(this.#greeting, bytes.length)
    if (greeting > 0) this.#pass(this.#broker, bytes.subarray(0, greeting))
    this.#greeting -= greeting
    // Many small frames come in one piece, and leave in one.
    this.#broker.cork()
    for (const frame of this.#fromClient.push(bytes.subarray(greeting))) if (!this.#isOver) this.#clientFrame(frame)
    this.#broker.uncork()
    if (!this.#looks) this.#pass(this.#broker, this.#fromClient.rest)
  }

  #clientFrame(frame: Frame): void {
    const id = methodOf(frame)
    if (id === method.startOk) this.#identify(frame)
    if (this.#isOver || this.#isDeaf) return
    if (id === method.channelOpen) this.#channels.delete(channelOf(frame))
    if (id === method.confirmSelect) this.#openConfirms(channelOf(frame))
    const channel = this.#channels.get(channelOf(frame))
    if (channel === undefined) {
      this.#delays.pass([frame], 0)
      return
    }
    const { toBroker, toClient, cut } = channel.fromClient(frame)
    this.#isDeaf = channel.isDeaf
    this.#delays.pass(toBroker, methodOf(toBroker[0] ?? frame) === method.publish ? this.#options.rules.delayMs : 0)
    this.#write(this.#client, toClient)
    if (cut) this.cut()
  }

  #brokerSaid(bytes: Buffer): void {
    if (this.#isOver) return
    if (!this.#looks) {
      this.#pass(this.#client, bytes)
      return
    }
    const out: Frame[] = []
    let cut = false
    for (const frame of this.#fromBroker.push(bytes)) {
      const passage = this.#channels.get(channelOf(frame))?.fromBroker(frame)
      if (passage === undefined) out.push(frame)
      else out.push(...passage.toClient)
      cut ||= passage?.cut === true
      if (cut) break
    }
    this.#write(this.#client, out)
    if (cut) this.cut()
  }

  #identify(startOk: Frame): void {
    const name = readConnectionName(startOk) ?? ''
    const side = name.endsWith(' consume') ? 'consume' : 'publish'
    this.#owner = { client: name.replace(/ (publish|consume)$/, ''), side }
    this.#options.identified(this, this.#owner)
    if (side === 'publish' || this.#isOver) return
    this.#looks = false
    this.#pass(this.#client, this.#fromBroker.rest)
  }

  #openConfirms(channel: number): void {
    const { rules } = this.#options
    const client = this.#owner?.client ?? ''
    const judge = new ConfirmChannel((publish, messageId) => rules.fateOf({ ...publish, client, messageId }))
    this.#channels.set(channel, judge)
  }

  #write(to: Socket, frames: readonly Frame[]): void {
    const [first] = frames
    if (first !== undefined) this.#pass(to, frames.length === 1 ? first : Buffer.concat(frames))
  }

  #pass(to: Socket, bytes: Buffer): void {
    if (bytes.length === 0 || this.#isOver) return
    if (this.#held !== undefined) {
      this.#held.push({ to, bytes })
      return
    }
    const from = to === this.#broker ? this.#client : this.#broker
    if (to.write(bytes) || from.isPaused()) return
    from.pause()
    to.once('drain', () => from.resume())
  }

  /** The end of one side is the end of the other, when somebody can know of it. */
  #ended(socket: Socket): void {
    if (this.#isOver || this.#held !== undefined) return
    this.#over()
    const other = socket === this.#client ? this.#broker : this.#client
    other.destroySoon()
    socket.destroy()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#delays.clear()
    this.#options.closed(this)
  }
}
