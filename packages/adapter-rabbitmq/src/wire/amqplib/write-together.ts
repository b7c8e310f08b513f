import type { Socket } from 'node:net'

/** Lets what is written in one turn of the event loop go out in one piece. amqplib would make a system call for each publish. */
export class WriteTogether {
  readonly #socket: Socket
  #held = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Something is about to be written. */
  hold(): void {
    if (this.#held) return
    this.#held = true
    this.#socket.cork()
    // Not before the second turn: in the first, amqplib moves the frames from its channels to the socket.
    setImmediate(() => setImmediate(this.#release))
  }

  readonly #release = (): void => {
    this.#held = false
    this.#socket.uncork()
  }
}
