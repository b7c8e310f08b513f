import { FAULT_KINDS } from './codes.js'
import type { FaultEvent, FaultKind, HistoryEvent } from './event.js'
import { eventsOf } from './events.js'
import { createRecorder, type Recorder } from './recorder.js'
import type { History } from './table.js'

/** The history as JSON lines, one event each, with a line end after the last. */
export function writeLines(history: History): string {
  const lines: string[] = []
  for (const event of eventsOf(history)) lines.push(JSON.stringify(event), '\n')
  return lines.join('')
}

/**
 * Reads what one recorder wrote. A last line without a line end that is not complete JSON is left out: its process was
 * killed while writing it.
 *
 * Throws SyntaxError with the line number for anything else that is no event.
 */
export function readLines(text: string): History {
  let time = Number.NEGATIVE_INFINITY
  const recorder = createRecorder({ now: () => time })
  const numbers = new Map<number, number>()
  const lines = text.split('\n')
  const torn = lines.pop() as string
  const parsed = lines.map((line, index) => parseLine(line, index))
  const last = parseTorn(torn)
  if (last !== undefined) parsed.push(last)
  parsed.forEach((event, index) => {
    try {
      time = expectNumber(event.time)
      replay(recorder, event, numbers)
    } catch (error) {
      throw new SyntaxError(`history: line ${index + 1}: ${(error as Error).message}`, { cause: error })
    }
  })
  return recorder.history()
}

function parseLine(line: string, index: number): HistoryEvent {
  try {
    return expectObject(JSON.parse(line))
  } catch (error) {
    throw new SyntaxError(`history: line ${index + 1} is not an event as JSON`, { cause: error })
  }
}

function parseTorn(line: string): HistoryEvent | undefined {
  try {
    return line === '' ? undefined : expectObject(JSON.parse(line))
  } catch {
    return undefined
  }
}

function expectObject(value: unknown): HistoryEvent {
  if (typeof value !== 'object' || value === null) throw new TypeError('history: an event is an object')
  return value as HistoryEvent
}

function expectNumber(time: unknown): number {
  if (typeof time === 'number' && !Number.isNaN(time)) return time
  throw new TypeError(`history: time ${String(time)} is not a number of milliseconds`)
}

function replay(recorder: Recorder, event: HistoryEvent, numbers: Map<number, number>): void {
  const refer = (number: number): number => numbers.get(number) ?? -1
  switch (event.kind) {
    case 'publish-invoked':
      numbers.set(event.publish, recorder.publishInvoked(event))
      return
    case 'publish-ok':
      return recorder.publishEnded(refer(event.publish), 'ok')
    case 'publish-refused':
      return recorder.publishEnded(refer(event.publish), 'refused')
    case 'publish-uncertain':
      return recorder.publishEnded(refer(event.publish), 'uncertain')
    case 'handler-started':
      numbers.set(event.run, recorder.handlerStarted(event))
      return
    case 'handler-ended':
      return recorder.handlerEnded(refer(event.run), event.outcome)
    case 'settled':
      return recorder.settled(refer(event.run), event.settlement)
    case 'dead-letter-seen':
      return recorder.deadLetterSeen(event)
    case 'redriven':
      return recorder.redriven(event)
    case 'copy-stored':
      return recorder.copyStored(event)
    case 'broker-settled':
      return recorder.brokerSettled(event)
    default:
      return recorder.fault(expectFault(event))
  }
}

function expectFault(event: FaultEvent): FaultEvent {
  const kind: FaultKind = event.kind
  if (FAULT_KINDS.includes(kind)) return event
  throw new TypeError(`history: kind '${String(kind)}' is unknown`)
}
