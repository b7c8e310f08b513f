import type { Socket } from 'node:net'
import type { CutAfter, Shape } from './fault.js'
import { reset } from './reset.js'

/** More than that is not kept: the source is not read any more. */
const limitBytes = 64 * 1024 * 1024

/** `end` and `reset`: what became of the source. `cut`: reset both sides. `hold`: wait here until released. */
type Mark = 'end' | 'reset' | 'cut' | 'hold'

interface Entry {
  readonly item: Buffer | Mark
  readonly dueMs: number
}

export interface FlowQueueOptions {
  readonly source: Socket
  readonly sink: Socket
  readonly random: () => number
  readonly cut: () => void
  readonly passed: (bytes: number) => void
}

/**
 * The last part of a flow: what is to be written, in order, each when it is due. Empty as long as nothing makes it wait: then bytes go
 * straight to the sink, and the source waits while the sink is full.
 */
export class FlowQueue {
  readonly #options: FlowQueueOptions
  #shape: Shape | undefined
  #entries: Entry[] = []
  /** The first of them that is still to be done: taking it off the front of a long list would copy the list. */
  #first = 0
  #bytes = 0
  /** A hook's `hold` has been reached. */
  #stopped = false
  #sinkFull = false
  /** Writes that the system has not taken yet. */
  #writing = 0
  #cutWhenWritten = false
  #closed = false
  #lastDueMs = 0
  #freeAgainMs = 0
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  #left = new Map<CutAfter, number>()

  constructor(options: FlowQueueOptions) {
    this.#options = options
    options.sink.on('drain', () => {
      this.#sinkFull = false
      this.#pump()
    })
  }

  shape(shape: Shape): void {
    this.#shape = shape
    this.#left = new Map(shape.cuts.map((cut) => [cut, this.#left.get(cut) ?? cut.bytes]))
    // What faults that have ended had put off is due now.
    if (shape.delay === undefined) this.#lastDueMs = 0
    if (shape.bytesPerSecond === undefined) this.#freeAgainMs = 0
    this.#pump()
  }

  add(bytes: Buffer): void {
    if (this.#shape?.plain === true && this.#first === this.#entries.length) {
      this.#write(bytes)
      return this.#control()
    }
    this.#bytes += bytes.length
    this.#push(bytes)
  }

  mark(mark: Mark): void {
    this.#push(mark)
  }

  release(): void {
    this.#stopped = false
    this.#pump()
  }

  /** Drops the bytes that wait; what became of the source is kept. @returns how many */
  forget(): number {
    const bytes = this.#bytes
    this.#entries = this.#entries.slice(this.#first).filter(({ item }) => item === 'end' || item === 'reset')
    this.#first = 0
    this.#bytes = 0
    this.#control()
    return bytes
  }

  close(): void {
    this.#closed = true
    this.#entries = []
    this.#first = 0
    this.#bytes = 0
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
  }

  #push(item: Buffer | Mark): void {
    const delay = this.#shape?.delay
    const waitMs = delay === undefined ? 0 : delay.ms + this.#options.random() * delay.jitterMs
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + waitMs)
    this.#entries.push({ item, dueMs: delay === undefined ? 0 : this.#lastDueMs })
    this.#pump()
  }

  /** Does what is due. Whatever it has to wait for calls it again. */
  #pump(): void {
    while (!this.#closed && this.#turn === undefined) {
      const entry = this.#entries[this.#first]
      const { silent = false, held = false, delay } = this.#shape ?? {}
      if (entry === undefined || this.#stopped || silent || held || this.#sinkFull) break
      const dueMs = delay === undefined ? this.#freeAgainMs : Math.max(entry.dueMs, this.#freeAgainMs)
      if (this.#waits(dueMs)) break
      if (typeof entry.item === 'string') {
        this.#shift()
        this.#do(entry.item)
      } else {
        this.#writePiece(entry.item, entry.dueMs)
      }
    }
    this.#control()
  }

  #shift(): void {
    this.#first += 1
    if (this.#first * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }

  #waits(untilMs: number): boolean {
    clearTimeout(this.#timer)
    const leftMs = untilMs - performance.now()
    if (leftMs <= 0) return false
    this.#timer = setTimeout(() => this.#pump(), Math.ceil(leftMs))
    return true
  }

  /** Writes the beginning of the first entry, as much of it as may be written at once. */
  #writePiece(bytes: Buffer, dueMs: number): void {
    const { slice, bytesPerSecond, cuts = [] } = this.#shape ?? {}
    const cutIn = Math.min(...cuts.map((cut) => this.#left.get(cut) ?? Infinity))
    // A twentieth of a second at a time: small enough to look steady, large enough to be accurate.
    const steady = bytesPerSecond === undefined ? Infinity : Math.max(1, Math.floor(bytesPerSecond / 20))
    const piece = bytes.subarray(0, Math.min(slice ?? Infinity, steady, cutIn))
    this.#bytes -= piece.length
    if (piece.length === bytes.length) this.#shift()
    else this.#entries[this.#first] = { item: bytes.subarray(piece.length), dueMs }
    if (cutIn <= bytes.length && piece.length === cutIn) return this.#cutBehind(piece, cuts)
    for (const cut of cuts) this.#left.set(cut, (this.#left.get(cut) ?? cut.bytes) - piece.length)
    this.#write(piece)
    if (bytesPerSecond !== undefined) {
      this.#freeAgainMs = Math.max(this.#freeAgainMs, performance.now()) + (piece.length / bytesPerSecond) * 1000
    }
    if (slice !== undefined) this.#nextTurn()
  }

  /** Pieces that are written in one turn of the event loop leave as one. */
  #nextTurn(): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      this.#pump()
    })
  }

  #cutBehind(piece: Buffer, cuts: readonly CutAfter[]): void {
    const reached = cuts.find((cut) => (this.#left.get(cut) ?? Infinity) === piece.length)
    this.#write(piece)
    this.#do('cut')
    reached?.used()
  }

  #do(mark: Mark): void {
    const { sink, cut } = this.#options
    if (mark === 'hold') this.#stopped = true
    else if (mark === 'end') sink.end()
    else if (mark === 'reset') reset(sink)
    else {
      this.close()
      // A reset discards what the system has not taken yet, but that has passed.
      if (this.#writing === 0) cut()
      else this.#cutWhenWritten = true
    }
  }

  #write(bytes: Buffer): void {
    const { sink, passed } = this.#options
    if (bytes.length === 0 || !sink.writable) return
    passed(bytes.length)
    this.#writing += 1
    if (!sink.write(bytes, this.#written)) this.#sinkFull = true
  }

  readonly #written = (): void => {
    this.#writing -= 1
    if (this.#writing === 0 && this.#cutWhenWritten) this.#options.cut()
  }

  /** Reads on or not. A silent flow reads on: it keeps nothing. */
  #control(): void {
    const { source } = this.#options
    const full = (this.#sinkFull || this.#bytes > limitBytes) && this.#shape?.silent !== true
    if (full && !source.isPaused()) source.pause()
    else if (!full && source.isPaused()) source.resume()
  }
}
