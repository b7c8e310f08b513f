import { Deque } from '../kit/deque.js'
import type { Line } from './line.js'
import type { Pump } from './pump.js'

/** What lets messages of one client pass. */
export interface MailboxGates {
  /** Nobody is to be told anything any more, except what is owed. */
  readonly ended: boolean
  /** The process is gone: nobody is told anything at all. */
  readonly killed: boolean
  /** The process stands still. */
  readonly frozen: boolean
  /** Something passes between the consuming side and the broker. */
  readonly reachable: boolean
}

/** The way between a client and the broker, where it takes time. */
export interface Lines {
  readonly inbound: Line
  readonly outbound: Line
}

/** What waits between core, one client and the broker: four queues, each in order, emptied from microtasks. */
export class Mailbox {
  readonly #pump: Pump
  readonly #gates: MailboxGates
  readonly #lines: Lines | undefined
  /** For core: what the client has found out. */
  readonly #told = new Deque<() => void>()
  /** For core: answers to sends, owed until the end. */
  readonly #reports = new Deque<() => void>()
  readonly #inbound = new Deque<() => void>()
  readonly #outbound = new Deque<() => void>()
  #session = 0

  constructor(pump: Pump, gates: MailboxGates, lines: Lines | undefined) {
    this.#pump = pump
    this.#gates = gates
    this.#lines = lines
  }

  /** Tells core, soon; not while the process stands still, and never once it has ended. */
  later(run: () => void): void {
    this.#told.push(run)
    this.#pump.call(this.#tell)
  }

  /** Answers to a send: as {@link later}, but also at the end. */
  report(run: () => void): void {
    this.#reports.push(run)
    this.#pump.call(this.#answer)
  }

  /** From the broker: soon, or once it can be reached; it goes down with the connection. */
  arrive(run: () => void): void {
    const session = this.#session
    const come = (): void => {
      if (session !== this.#session || this.#gates.ended) return
      if (this.#gates.reachable && this.#inbound.length === 0) run()
      else this.#inbound.push(run)
    }
    if (this.#lines === undefined) this.#pump.call(come)
    else this.#lines.inbound.carry(come)
  }

  /** As {@link arrive}, for what is handed on by the broker's own turn: without a way that takes time it is there at once. */
  push(run: () => void): void {
    if (this.#lines === undefined) run()
    else this.arrive(run)
  }

  /** To the broker: at once, or once it can be reached; it goes down with the connection. */
  transmit(run: () => void): void {
    const come = (): void => {
      if (this.#gates.reachable && this.#outbound.length === 0) run()
      else this.#outbound.push(run)
    }
    if (this.#lines === undefined) come()
    else this.#lines.outbound.carry(come)
  }

  /** The process goes on. */
  thawed(): void {
    this.#pump.call(this.#answer)
    this.#pump.call(this.#tell)
  }

  /** The broker may be reachable again. What the client has to say goes first. */
  reached(): void {
    drain(this.#outbound, () => this.#gates.reachable)
    drain(this.#inbound, () => this.#gates.reachable)
  }

  /** What was under way on the consuming side is gone. */
  disconnected(): void {
    this.#session += 1
    this.#lines?.inbound.cut()
    this.#lines?.outbound.cut()
    this.#inbound.clear()
    this.#outbound.clear()
  }

  /** Nothing is told any more; answers are still owed. */
  end(): void {
    this.disconnected()
    this.#told.clear()
  }

  /** Gives every answer that is owed. */
  settle(): void {
    drain(this.#reports, () => !this.#gates.killed)
  }

  readonly #tell = (): void => drain(this.#told, () => !this.#gates.frozen && !this.#gates.ended)

  readonly #answer = (): void => drain(this.#reports, () => !this.#gates.frozen && !this.#gates.killed)
}

function drain(queue: Deque<() => void>, open: () => boolean): void {
  while (queue.length > 0 && open()) queue.shift()?.()
}
