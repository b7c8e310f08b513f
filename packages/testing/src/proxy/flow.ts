import type { Socket } from 'node:net'
import { shapeOf, type Direction, type Fault, type Shape } from './fault.js'
import { FrameReader, type Framer } from './framer.js'
import { FlowQueue } from './flow-queue.js'
import type { Verdict } from './verdict.js'

export interface FlowOptions {
  readonly direction: Direction
  readonly source: Socket
  readonly sink: Socket
  readonly framer: Framer<unknown> | undefined
  readonly random: () => number
  /** Asks the hooks about a frame. */
  readonly judge: (frame: Buffer) => Verdict
  /** Resets the connection. */
  readonly cut: () => void
  /** The stream cannot be followed any more. */
  readonly fail: (error: unknown) => void
  readonly passed: (bytes: number) => void
}

/**
 * One direction of a connection. Without faults each chunk is written on as it came. With some it goes through them in this order:
 * silence, frames and hooks, then a queue in which it waits for its time.
 */
export class Flow {
  readonly #options: FlowOptions
  readonly #queue: FlowQueue
  readonly #frames: FrameReader | undefined
  #shape: Shape
  #over: 'end' | 'reset' | undefined
  #swallowed = 0
  /** A hook has said that nothing more passes. */
  #cut = false

  constructor(options: FlowOptions, faults: readonly Fault[]) {
    this.#options = options
    this.#shape = shapeOf(faults, options.direction)
    this.#frames = options.framer === undefined ? undefined : new FrameReader(options.framer)
    this.#queue = new FlowQueue(options)
    this.#queue.shape(this.#shape)
    const { source } = options
    source.on('data', (bytes: Buffer) => this.#take(bytes))
    source.on('end', () => this.#sourceOver('end'))
    source.on('close', (hadError) => {
      if (hadError || this.#over === undefined) this.#sourceOver('reset')
    })
  }

  /** Bytes that a silence has taken. */
  get swallowed(): number {
    return this.#swallowed
  }

  reshape(faults: readonly Fault[]): void {
    const hadHooks = this.#shape.hooks.length > 0
    this.#shape = shapeOf(faults, this.#options.direction)
    if (hadHooks && this.#shape.hooks.length === 0 && this.#frames !== undefined) {
      const kept = this.#frames.flush()
      if (kept.length > 0) this.#queue.add(kept)
    }
    this.#queue.shape(this.#shape)
    if (this.#shape.silent) this.#swallowed += this.#queue.forget()
  }

  release(): void {
    this.#queue.release()
  }

  close(): void {
    this.#queue.close()
  }

  #take(bytes: Buffer): void {
    if (this.#shape.silent) {
      this.#swallowed += bytes.length
      return
    }
    if (this.#cut) return
    try {
      if (this.#shape.hooks.length > 0) {
        for (const part of this.#frames?.split(bytes) ?? []) {
          if (this.#cut) return
          if (part.isFrame) this.#obey(this.#options.judge(part.bytes), part.bytes)
          else this.#queue.add(part.bytes)
        }
        return
      }
      this.#frames?.step(bytes)
    } catch (error) {
      this.#options.fail(error)
      return
    }
    this.#queue.add(bytes)
  }

  #obey(verdict: Verdict, frame: Buffer): void {
    if (verdict === 'drop') return
    if (verdict === 'cut') return this.#endHere()
    if (verdict === 'hold') this.#queue.mark('hold')
    if (typeof verdict === 'string') return this.#queue.add(frame)
    if ('replace' in verdict) return this.#queue.add(Buffer.from(verdict.replace))
    this.#queue.add(frame.subarray(0, verdict.cutAt))
    this.#endHere()
  }

  #endHere(): void {
    this.#cut = true
    this.#queue.mark('cut')
  }

  /** A socket that has ended in good order may still be reset later. */
  #sourceOver(how: 'end' | 'reset'): void {
    if (this.#over === how) return
    this.#over = how
    this.#queue.mark(how)
  }
}
