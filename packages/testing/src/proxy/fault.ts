import type { Verdict } from './verdict.js'

/** Which way bytes go. */
export type Direction = 'toBroker' | 'toClient'

/** Looks at a frame before it goes on. */
export type AnyHook = (direction: Direction, frame: unknown, connection: unknown) => Verdict

/** A fault that lasts, as data. Without a direction it is about both. */
export type Fault = { readonly direction: Direction | undefined } & (
  | { readonly kind: 'silence' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  | { readonly kind: 'slice'; readonly bytes: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  | { readonly kind: 'cut-after'; readonly bytes: number; used(): void }
  | { readonly kind: 'hook'; readonly hook: AnyHook }
)

export type CutAfter = Extract<Fault, { kind: 'cut-after' }>

/** What all faults of one direction of a connection come to. */
export interface Shape {
  readonly silent: boolean
  readonly held: boolean
  /** The longest of them. */
  readonly delay: { readonly ms: number; readonly jitterMs: number } | undefined
  /** Bytes per write, the fewest of them. */
  readonly slice: number | undefined
  /** The slowest of them. */
  readonly bytesPerSecond: number | undefined
  readonly cuts: readonly CutAfter[]
  readonly hooks: readonly AnyHook[]
  /** Nothing of the above: bytes pass as they come. */
  readonly plain: boolean
}

export function shapeOf(all: readonly Fault[], direction: Direction): Shape {
  const faults = all.filter((fault) => fault.direction === undefined || fault.direction === direction)
  const delays = of(faults, 'delay').toSorted((a, b) => b.ms - a.ms)
  return {
    silent: of(faults, 'silence').length > 0,
    held: of(faults, 'hold').length > 0,
    delay: delays[0],
    slice: least(of(faults, 'slice').map(({ bytes }) => bytes)),
    bytesPerSecond: least(of(faults, 'bandwidth').map(({ bytesPerSecond }) => bytesPerSecond)),
    cuts: of(faults, 'cut-after'),
    hooks: of(faults, 'hook').map(({ hook }) => hook),
    plain: faults.length === 0,
  }
}

function of<Kind extends Fault['kind']>(faults: readonly Fault[], kind: Kind): Extract<Fault, { kind: Kind }>[] {
  return faults.filter((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind)
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
