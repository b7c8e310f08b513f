import { createTable, NONE, type Columns, type History, type Table } from './table.js'
import { KINDS } from './codes.js'
import type { EventKind } from './event.js'

const REFERRING: ReadonlySet<EventKind> = new Set<EventKind>([
  'publish-ok',
  'publish-refused',
  'publish-uncertain',
  'handler-ended',
  'settled',
])

/** One history of the events of several, in time order; equal times stay in the order of the arguments. The clocks must be one. */
export function mergeHistories(histories: readonly History[]): History {
  const table = createTable()
  const sources = histories.map((history) => createSource(history, table))
  for (;;) {
    let next: Source | undefined
    for (const source of sources) if (source.time() < (next?.time() ?? Number.POSITIVE_INFINITY)) next = source
    if (next === undefined) return table.snapshot()
    next.move()
  }
}

interface Source {
  /** Time of the next event, infinite at the end. */
  readonly time: () => number
  readonly move: () => void
}

function createSource(history: History, table: Table): Source {
  const { columns, size } = history
  const names = new Int32Array(history.names.length).fill(NONE)
  const rows = new Int32Array(size)
  let row = 0

  function name(column: Int32Array): number {
    const old = column[row] as number
    if (old === NONE) return NONE
    if (names[old] === NONE) names[old] = table.name(history.names[old] as string)
    return names[old] as number
  }

  function subject(kind: EventKind): number {
    return REFERRING.has(kind) ? (rows[columns.subject[row] as number] as number) : name(columns.subject)
  }

  function plain(field: keyof Columns): number {
    return columns[field][row] as number
  }

  return {
    time: () => (row < size ? plain('time') : Number.POSITIVE_INFINITY),
    move() {
      const kind = KINDS[plain('kind')] as EventKind
      rows[row] = table.append({
        kind,
        time: plain('time'),
        subject: subject(kind),
        instance: name(columns.instance),
        topic: name(columns.topic),
        party: name(columns.party),
        key: name(columns.key),
        value: plain('value'),
        partition: plain('partition'),
        batch: plain('batch'),
      })
      row++
    },
  }
}
