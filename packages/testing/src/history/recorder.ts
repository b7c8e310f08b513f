import type { CopyPlace, FaultKind, HandlerOutcome, PublishResult, Settlement } from './event.js'
import { FAULT_KINDS, OUTCOMES, PLACES, RESULT_KINDS, SETTLEMENTS, valueCode } from './codes.js'
import { eventAt } from './events.js'
import { createTable, NONE, type History, type Row } from './table.js'

/** Settings of a recorder. */
export interface RecorderOptions {
  /** Monotonic milliseconds. Where several processes are merged it must be one clock: `Number(process.hrtime.bigint()) / 1e6`. */
  readonly now: () => number
  /**
   * Called with every event as one JSON line (without the line end) before the recording method returns; a process that
   * will be killed writes it synchronously.
   * @default no lines are made
   */
  readonly onLine?: (line: string) => void
}

/** What a publish is recorded with. */
export interface PublishRecord {
  readonly topic: string
  readonly id: string
  readonly instance: string
  /** Ordering key as text. @default null */
  readonly key?: string | null
  /** Who keeps the order of a key: order is asked per topic, key and publisher. @default the instance */
  readonly publisher?: string
  /** Position among the messages of this topic, key and publisher. @default the number of earlier calls with the same three */
  readonly sequence?: number
}

/** What a handler run is recorded with. */
export interface RunRecord {
  readonly topic: string
  readonly id: string
  readonly group: string
  readonly instance: string
  /** Ordering key as text. @default null */
  readonly key?: string | null
  /** The attempt that the delivery shows. @default 1 */
  readonly attempt?: number
  /** @default null, unknown */
  readonly partition?: number | null
  /** Same number for the members of one array of one instance. @default null, a single message */
  readonly batch?: number | null
}

/** One message in one group. */
export interface DeadLetterRecord {
  readonly topic: string
  readonly id: string
  readonly group: string
}

/** A copy that the broker has stored. */
export interface CopyRecord {
  readonly topic: string
  readonly id: string
  readonly instance: string
  readonly place: CopyPlace
  /** @default null, every group of the topic */
  readonly group?: string | null
}

/** A copy that the broker knows as done with. */
export interface BrokerSettledRecord extends DeadLetterRecord {
  readonly instance: string
}

/** What a fault is recorded with. */
export interface FaultRecord {
  readonly kind: FaultKind
  /** One life of one messaging object; only connection faults may leave it out, then they concern all. @default null */
  readonly instance?: string | null
  /** @default null, every topic */
  readonly topic?: string | null
  /** @default null, every group */
  readonly group?: string | null
  /** @default null, every partition */
  readonly partition?: number | null
}

/** Appends events at the time of the call. Every method throws TypeError for a reference or kind that does not exist. */
export interface Recorder {
  /** Returns the number to end this publish with. */
  readonly publishInvoked: (publish: PublishRecord) => number
  readonly publishEnded: (publish: number, result: PublishResult) => void
  /** Returns the number to end and settle this run with. */
  readonly handlerStarted: (run: RunRecord) => number
  readonly handlerEnded: (run: number, outcome: HandlerOutcome) => void
  readonly settled: (run: number, settlement: Settlement) => void
  /** One call per copy that lies in the dead letters. */
  readonly deadLetterSeen: (deadLetter: DeadLetterRecord) => void
  readonly redriven: (deadLetter: DeadLetterRecord) => void
  /** What the broker itself stores: all of it or nothing, or the checker takes what is missing for not stored. */
  readonly copyStored: (copy: CopyRecord) => void
  readonly brokerSettled: (settled: BrokerSettledRecord) => void
  readonly fault: (fault: FaultRecord) => void
  /** Number of events so far. */
  readonly size: () => number
  /** What is recorded so far; later events do not change it. */
  readonly history: () => History
}

/** Creates an empty recorder. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { now, onLine } = options
  const table = createTable()
  const { name } = table
  const sequences = new Map<string, number>()

  function append(row: Row): number {
    const number = table.append(row)
    onLine?.(JSON.stringify(eventAt(table.snapshot(), number)))
    return number
  }

  function nextSequence(stream: string): number {
    const sequence = sequences.get(stream) ?? 0
    sequences.set(stream, sequence + 1)
    return sequence
  }

  function expectRow(row: number, kind: 'publish-invoked' | 'handler-started', field: string): number {
    if (table.kindAt(row) === kind) return row
    throw new TypeError(
      `history: ${field} ${row} is not the number of a ${kind} event; pass what recording it returned`,
    )
  }

  function deadLetter(kind: 'dead-letter-seen' | 'redriven', { topic, id, group }: DeadLetterRecord): void {
    append({ kind, time: now(), subject: name(id), topic: name(topic), party: name(group) })
  }

  return {
    publishInvoked({ topic, id, instance, key = null, publisher = instance, sequence }) {
      const [topicName, keyName, party] = [name(topic), name(key), name(publisher)]
      return append({
        kind: 'publish-invoked',
        time: now(),
        subject: name(id),
        instance: name(instance),
        topic: topicName,
        party,
        key: keyName,
        value: sequence ?? nextSequence(`${topicName} ${keyName} ${party}`),
      })
    },
    publishEnded(publish, result) {
      append({ kind: RESULT_KINDS[result], time: now(), subject: expectRow(publish, 'publish-invoked', 'publish') })
    },
    handlerStarted({ topic, id, group, instance, key = null, attempt = 1, partition, batch }) {
      return append({
        kind: 'handler-started',
        time: now(),
        subject: name(id),
        instance: name(instance),
        topic: name(topic),
        party: name(group),
        key: name(key),
        value: attempt,
        partition: partition ?? NONE,
        batch: batch ?? NONE,
      })
    },
    handlerEnded(run, outcome) {
      const subject = expectRow(run, 'handler-started', 'run')
      append({ kind: 'handler-ended', time: now(), subject, value: valueCode('outcome', OUTCOMES, outcome) })
    },
    settled(run, settlement) {
      const subject = expectRow(run, 'handler-started', 'run')
      append({ kind: 'settled', time: now(), subject, value: valueCode('settlement', SETTLEMENTS, settlement) })
    },
    deadLetterSeen: (record) => deadLetter('dead-letter-seen', record),
    redriven: (record) => deadLetter('redriven', record),
    copyStored({ topic, id, instance, place, group = null }) {
      const copy = { subject: name(id), topic: name(topic), instance: name(instance), party: name(group) }
      append({ kind: 'copy-stored', time: now(), ...copy, value: valueCode('place', PLACES, place) })
    },
    brokerSettled({ topic, id, instance, group }) {
      const copy = { subject: name(id), topic: name(topic), instance: name(instance), party: name(group) }
      append({ kind: 'broker-settled', time: now(), ...copy })
    },
    fault({ kind, instance = null, topic = null, group = null, partition = null }) {
      valueCode('kind', FAULT_KINDS, kind)
      if (instance === null && kind !== 'connection-lost' && kind !== 'connection-restored') {
        throw new TypeError(`history: instance is missing; a '${kind}' happens to one instance, name it`)
      }
      const scope = { topic: name(topic), party: name(group), partition: partition ?? NONE }
      append({ kind, time: now(), instance: name(instance), ...scope })
    },
    size: table.size,
    history: table.snapshot,
  }
}
