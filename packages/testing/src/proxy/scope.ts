import type { Undo } from '../faults.js'
import type { AnyHook, Direction, Fault } from './fault.js'
import type { Verdict } from './verdict.js'

export interface OneWay {
  /** @default both */
  readonly direction?: Direction
}

export interface CutAfterOptions extends OneWay {
  /** Bytes of that direction that still pass, counted on each connection from now or from its beginning. With 0 the next byte cuts. */
  readonly bytes: number
  /** How many connections it cuts. @default 1 */
  readonly times?: number
}

/** Decides about a frame. Called once for each, in order. */
export type FrameHook<Frame, Connection> = (direction: Direction, frame: Frame, connection: Connection) => Verdict

/**
 * Faults of a connection, or of all connections of a proxy, open and to come. Faults that last end by their undo; several at once
 * add up.
 */
export abstract class FaultScope<Frame, Connection> {
  readonly #faults = new Set<Fault>()
  readonly #hasFrames: boolean

  constructor(hasFrames: boolean) {
    this.#hasFrames = hasFrames
  }

  /**
   * Resets both sides at once (RST); what had not gone on is lost. A peer that runs on Node is told of an end instead of a reset when
   * bytes came right before it.
   */
  abstract cut(): void
  /** Ends both sides in good order (FIN); what had not gone on is lost. */
  abstract end(): void
  /** Lets what a hook has held go on, in order. @param direction both when it is left out */
  abstract release(direction?: Direction): void
  protected abstract changed(): void

  /**
   * A black hole: bytes are swallowed, FIN and RST are withheld, and who connects is accepted and hears nothing. When it ends, new
   * connections and such that have lost nothing go on; the others have a hole in their stream and are reset. With a direction,
   * only that one is silent, and new connections are made.
   */
  silence({ direction }: OneWay = {}): Undo {
    return this.#add({ kind: 'silence', direction })
  }

  /** Keeps everything, FIN and RST too, and delivers it in order when it ends. Beyond 64 MiB it stops reading instead. */
  hold({ direction }: OneWay = {}): Undo {
    return this.#add({ kind: 'hold', direction })
  }

  /** Everything comes that much later, and up to `jitterMs` more, in order. @throws RangeError */
  delay(ms: number, { jitterMs = 0, direction }: OneWay & { readonly jitterMs?: number } = {}): Undo {
    check('delay', ms, 0)
    check('jitterMs', jitterMs, 0)
    return this.#add({ kind: 'delay', ms, jitterMs, direction })
  }

  /** Everything is written in pieces of at most so many bytes, each by itself. @throws RangeError */
  slice(bytes: number, { direction }: OneWay = {}): Undo {
    check('slice', bytes, 1)
    return this.#add({ kind: 'slice', bytes: Math.floor(bytes), direction })
  }

  /** No more than that passes, for each connection and direction. @throws RangeError */
  bandwidth(bytesPerSecond: number, { direction }: OneWay = {}): Undo {
    check('bandwidth', bytesPerSecond, 1)
    return this.#add({ kind: 'bandwidth', bytesPerSecond, direction })
  }

  /** Cuts a connection when so many bytes have passed, wherever in a frame that is. @throws RangeError */
  cutAfter({ bytes, times = 1, direction }: CutAfterOptions): Undo {
    check('bytes', bytes, 0)
    check('times', times, 1)
    let left = times
    const fault: Fault = {
      kind: 'cut-after',
      bytes: Math.floor(bytes),
      direction,
      used: () => {
        left -= 1
        if (left <= 0) this.#remove(fault)
      },
    }
    return this.#add(fault)
  }

  /**
   * Asks about every frame that begins from now on. Of several hooks the first that does not say `pass` decides.
   *
   * @throws TypeError when the proxy has no framer
   */
  onFrame(hook: FrameHook<Frame, Connection>): Undo {
    if (!this.#hasFrames) throw new TypeError('Fault proxy: onFrame needs the option "framer" of startFaultProxy')
    return this.#add({ kind: 'hook', hook: hook as AnyHook, direction: undefined })
  }

  /** For the parts of the proxy. */
  get activeFaults(): readonly Fault[] {
    return [...this.#faults]
  }

  #add(fault: Fault): Undo {
    this.#faults.add(fault)
    this.changed()
    return () => {
      this.#remove(fault)
      return Promise.resolve()
    }
  }

  #remove(fault: Fault): void {
    if (this.#faults.delete(fault)) this.changed()
  }
}

function check(name: string, value: number, least: number): void {
  if (typeof value === 'number' && value >= least) return
  throw new RangeError(`Fault proxy: ${name} is ${String(value)}, it has to be a number from ${least}`)
}
