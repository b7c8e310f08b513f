import { connect, type Socket } from 'node:net'
import { reset } from '@sluice/testing'
import type { RelayTarget } from './relayed.js'

export type End = 'client' | 'broker'

export interface SocketPairOptions {
  readonly socket: Socket
  readonly target: RelayTarget
  readonly heard: (from: End, bytes: Buffer) => void
  readonly closed: () => void
}

/** The way between a client and a broker: what is heard at either end goes on when somebody writes it to the other. */
export class SocketPair {
  readonly #closed: () => void
  readonly #client: Socket
  readonly #broker: Socket
  /** While set, nothing passes: what comes is kept for the end of the silence. */
  #held: { readonly to: Socket; readonly bytes: Buffer }[] | undefined
  #isOver = false

  constructor({ socket, target, heard, closed }: SocketPairOptions) {
    this.#closed = closed
    this.#client = socket
    this.#broker = connect(target)
    for (const [from, end] of [
      [this.#client, 'client'],
      [this.#broker, 'broker'],
    ] as const) {
      from.setNoDelay(true)
      from.on('data', (bytes: Buffer) => {
        if (!this.#isOver) heard(end, bytes)
      })
      // Without a handler it would end the process; close comes after it.
      from.on('error', () => undefined)
      from.on('end', () => this.#ended(from))
      from.on('close', () => this.#ended(from))
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What is written to the broker meanwhile leaves in one piece. */
  together(run: () => void): void {
    this.#broker.cork()
    run()
    this.#broker.uncork()
  }

  write(end: End, bytes: Buffer): void {
    if (bytes.length === 0 || this.#isOver) return
    const [to, from] = end === 'broker' ? [this.#broker, this.#client] : [this.#client, this.#broker]
    if (this.#held !== undefined) {
      this.#held.push({ to, bytes })
      return
    }
    if (to.write(bytes) || from.isPaused()) return
    from.pause()
    to.once('drain', () => from.resume())
  }

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
    this.#closed()
  }
}
