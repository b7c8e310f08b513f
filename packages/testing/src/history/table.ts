import type { EventKind } from './event.js'
import { KINDS, kindCode } from './codes.js'

/** "Nothing" in an integer column. */
export const NONE = -1

/** The columns of a history; row numbers are record order. Names are numbers of `History.names`, `NONE` where a kind has no such field. */
export interface Columns {
  readonly kind: Uint8Array
  readonly time: Float64Array
  /** The message id, or the row this one refers to (its publish or its run). */
  readonly subject: Int32Array
  readonly instance: Int32Array
  readonly topic: Int32Array
  /** Publisher of a publish, group of everything else. */
  readonly party: Int32Array
  readonly key: Int32Array
  /** Sequence, attempt, outcome or settlement. */
  readonly value: Int32Array
  readonly partition: Int32Array
  readonly batch: Int32Array
}

/** A recorded history: events in time order, equal times in record order. */
export interface History {
  readonly size: number
  readonly columns: Columns
  readonly names: readonly string[]
}

/** One row before it is stored; what is left out is `NONE`. */
export interface Row {
  readonly kind: EventKind
  readonly time: number
  readonly subject?: number
  readonly instance?: number
  readonly topic?: number
  readonly party?: number
  readonly key?: number
  readonly value?: number
  readonly partition?: number
  readonly batch?: number
}

/** The store under recorders, readers and merges: append only, so that a snapshot shares it. */
export interface Table {
  readonly size: () => number
  /** The number of a name; null is `NONE`. */
  readonly name: (text: string | null) => number
  readonly kindAt: (row: number) => EventKind | undefined
  /** Stores a row and returns its number. Throws RangeError when time runs backwards. */
  readonly append: (row: Row) => number
  readonly snapshot: () => History
}

/** Creates an empty table. */
export function createTable(): Table {
  const names: string[] = []
  const numbers = new Map<string, number>()
  let columns = allocate(1024)
  let size = 0
  let last = Number.NEGATIVE_INFINITY

  function name(text: string | null): number {
    if (text === null) return NONE
    if (typeof text !== 'string')
      throw new TypeError(`history: a name is ${String(text)}; topics, ids, groups and the like are strings`)
    let number = numbers.get(text)
    if (number === undefined) {
      number = names.push(text) - 1
      numbers.set(text, number)
    }
    return number
  }

  function append(row: Row): number {
    if (!(row.time >= last)) {
      throw new RangeError(`history: time ${row.time} lies before ${last}; record with one monotonic clock`)
    }
    if (size === columns.kind.length) columns = copy(columns, allocate(size * 2))
    last = row.time
    columns.kind[size] = kindCode(row.kind)
    columns.time[size] = row.time
    columns.subject[size] = row.subject ?? NONE
    columns.instance[size] = row.instance ?? NONE
    columns.topic[size] = row.topic ?? NONE
    columns.party[size] = row.party ?? NONE
    columns.key[size] = row.key ?? NONE
    columns.value[size] = row.value ?? NONE
    columns.partition[size] = row.partition ?? NONE
    columns.batch[size] = row.batch ?? NONE
    return size++
  }

  return {
    size: () => size,
    name,
    kindAt: (row) => (Number.isInteger(row) && row >= 0 && row < size ? KINDS[columns.kind[row] as number] : undefined),
    append,
    snapshot: () => ({ size, columns, names }),
  }
}

function allocate(capacity: number): Columns {
  return {
    kind: new Uint8Array(capacity),
    time: new Float64Array(capacity),
    subject: new Int32Array(capacity),
    instance: new Int32Array(capacity),
    topic: new Int32Array(capacity),
    party: new Int32Array(capacity),
    key: new Int32Array(capacity),
    value: new Int32Array(capacity),
    partition: new Int32Array(capacity),
    batch: new Int32Array(capacity),
  }
}

function copy(from: Columns, to: Columns): Columns {
  for (const field of Object.keys(from) as (keyof Columns)[]) to[field].set(from[field])
  return to
}
