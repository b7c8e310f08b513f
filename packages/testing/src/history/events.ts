import type { CopyPlace, EventKind, HandlerOutcome, HistoryEvent, Settlement } from './event.js'
import { KINDS, OUTCOMES, PLACES, SETTLEMENTS } from './codes.js'
import { NONE, type History } from './table.js'

/** The event in a row of a history. Throws RangeError when there is no such row. */
export function eventAt(history: History, row: number): HistoryEvent {
  if (!(row >= 0 && row < history.size)) throw new RangeError(`history: row ${row} is not in 0..${history.size - 1}`)
  const { columns } = history
  const text = (column: Int32Array): string | null => history.names[column[row] as number] ?? null
  const must = (column: Int32Array): string => text(column) as string
  const integer = (column: Int32Array): number => column[row] as number
  const optional = (column: Int32Array): number | null => (integer(column) === NONE ? null : integer(column))
  const kind = KINDS[columns.kind[row] as number] as EventKind
  const time = columns.time[row] as number

  switch (kind) {
    case 'publish-invoked': {
      const message = { topic: must(columns.topic), id: must(columns.subject), key: text(columns.key) }
      const source = { publisher: must(columns.party), instance: must(columns.instance) }
      return { kind, time, publish: row, ...message, sequence: integer(columns.value), ...source }
    }
    case 'publish-ok':
    case 'publish-refused':
    case 'publish-uncertain':
      return { kind, time, publish: integer(columns.subject) }
    case 'handler-started': {
      const message = { topic: must(columns.topic), id: must(columns.subject), key: text(columns.key) }
      const place = { group: must(columns.party), instance: must(columns.instance), attempt: integer(columns.value) }
      const share = { partition: optional(columns.partition), batch: optional(columns.batch) }
      return { kind, time, run: row, ...message, ...place, ...share }
    }
    case 'handler-ended': {
      const outcome = OUTCOMES[integer(columns.value)] as HandlerOutcome
      return { kind, time, run: integer(columns.subject), outcome }
    }
    case 'settled': {
      const settlement = SETTLEMENTS[integer(columns.value)] as Settlement
      return { kind, time, run: integer(columns.subject), settlement }
    }
    case 'dead-letter-seen':
    case 'redriven':
      return { kind, time, topic: must(columns.topic), id: must(columns.subject), group: must(columns.party) }
    case 'copy-stored':
    case 'broker-settled': {
      const copy = { time, topic: must(columns.topic), id: must(columns.subject), instance: must(columns.instance) }
      if (kind === 'broker-settled') return { kind, ...copy, group: must(columns.party) }
      return { kind, ...copy, group: text(columns.party), place: PLACES[integer(columns.value)] as CopyPlace }
    }
    default: {
      const scope = { topic: text(columns.topic), group: text(columns.party), partition: optional(columns.partition) }
      return { kind, time, instance: text(columns.instance), ...scope }
    }
  }
}

/** All events of a history in order. */
export function* eventsOf(history: History): Generator<HistoryEvent, void, undefined> {
  for (let row = 0; row < history.size; row++) yield eventAt(history, row)
}
