import { KINDS, OUTCOMES, PLACES, SETTLEMENTS } from './codes.js'
import type { EventKind, HandlerOutcome, Settlement } from './event.js'
import { createFaultIndex, readWindows } from './faults.js'
import { concludeRuns } from './conclude.js'
import type { CheckSettings } from './options.js'
import { NONE, type History } from './table.js'
import type { Fact, Group, Message, Passage, PublishCall, Run, Stop, Timeline } from './timeline.js'

/** Reads a history into messages, groups, runs and stops. What an instance recorded after its kill is not taken as done. */
export function readTimeline(history: History, settings: CheckSettings): Timeline {
  const { columns, size } = history
  const width = history.names.length + 1
  const messages = new Map<number, Message>()
  const groups = new Map<number, Group>()
  const runs: Run[] = []
  // Indexed by row, with holes.
  const runByRow = new Array<Run | undefined>(size)
  const callByRow = new Array<PublishCall | undefined>(size)
  const stops = readStops(history)
  const killRow = (instance: number): number =>
    stops.get(instance)?.find((stop) => stop.kind === 'killed')?.row ?? Number.POSITIVE_INFINITY

  function messageAt(row: number): Message {
    const [topic, id] = [columns.topic[row] as number, columns.subject[row] as number]
    const hash = topic * width + id
    let message = messages.get(hash)
    if (message === undefined) {
      const key = columns.key[row] as number
      message = { id, topic, key, publisher: NONE, sequence: NONE, calls: [], extraCopies: 0, stored: [] }
      messages.set(hash, message)
    }
    if (message.publisher === NONE && isPublish(row)) {
      message.publisher = columns.party[row] as number
      message.sequence = columns.value[row] as number
      message.key = columns.key[row] as number
    }
    return message
  }

  function isPublish(row: number): boolean {
    return KINDS[columns.kind[row] as number] === 'publish-invoked'
  }

  function passageAt(row: number): { readonly group: Group; readonly passage: Passage } {
    const [topic, name] = [columns.topic[row] as number, columns.party[row] as number]
    let group = groups.get(topic * width + name)
    if (group === undefined) groups.set(topic * width + name, (group = { topic, name, passages: new Map() }))
    const message = messageAt(row)
    let passage = group.passages.get(message)
    if (passage === undefined) {
      group.passages.set(message, (passage = emptyPassage(message)))
    }
    return { group, passage }
  }

  function startRun(row: number, start: number): void {
    const { group, passage } = passageAt(row)
    const instance = columns.instance[row] as number
    const kill = killRow(instance)
    const killed = kill < Number.POSITIVE_INFINITY
    const endRow = killed ? Math.max(row, kill) : Number.POSITIVE_INFINITY
    const run: Run = {
      message: passage.message,
      group,
      key: columns.key[row] as number,
      instance,
      partition: columns.partition[row] as number,
      batch: columns.batch[row] as number,
      row,
      start,
      end: killed ? (columns.time[endRow] as number) : Number.POSITIVE_INFINITY,
      endRow,
      outcome: killed ? 'killed' : 'open',
      settlement: undefined,
      settledAt: Number.POSITIVE_INFINITY,
      settledRow: Number.POSITIVE_INFINITY,
      settlements: 0,
      finish: undefined,
      mayBeDone: false,
      letter: undefined,
    }
    runs.push(run)
    runByRow[row] = run
    passage.runs.push(run)
  }

  function settleRun(run: Run, row: number, time: number): void {
    run.settlements++
    if (run.settlements > 1) return
    run.settlement = SETTLEMENTS[columns.value[row] as number] as Settlement
    run.settledAt = time
    run.settledRow = row
  }

  function storeCopy(row: number, fact: Fact): void {
    const place = PLACES[columns.value[row] as number]
    if (place === 'topic') messageAt(row).stored.push(fact)
    else passageAt(row).passage[place === 'group' ? 'copies' : 'letters'].push(fact)
  }

  let watched = false
  for (let row = 0; row < size; row++) {
    const kind = KINDS[columns.kind[row] as number] as EventKind
    const time = columns.time[row] as number
    const subject = columns.subject[row] as number
    if (kind === 'publish-invoked') {
      const instance = columns.instance[row] as number
      const call: PublishCall = { instance, from: time, to: Number.POSITIVE_INFINITY, result: 'open' }
      callByRow[row] = call
      messageAt(row).calls.push(call)
    } else if (kind === 'publish-ok' || kind === 'publish-refused' || kind === 'publish-uncertain') {
      const call = callByRow[subject] as PublishCall
      if (row > killRow(call.instance)) continue
      call.to = time
      call.result = kind === 'publish-ok' ? 'ok' : kind === 'publish-refused' ? 'refused' : 'uncertain'
    } else if (kind === 'handler-started') {
      startRun(row, time)
    } else if (kind === 'handler-ended' || kind === 'settled') {
      const run = runByRow[subject] as Run
      if (row > killRow(run.instance)) continue
      if (kind === 'settled') settleRun(run, row, time)
      else {
        run.end = time
        run.endRow = row
        run.outcome = OUTCOMES[columns.value[row] as number] as HandlerOutcome
      }
    } else if (kind === 'dead-letter-seen') passageAt(row).passage.deadLetters.push(time)
    else if (kind === 'copy-stored' || kind === 'broker-settled') {
      watched = true
      const fact = { row, time, instance: columns.instance[row] as number }
      if (kind === 'copy-stored') storeCopy(row, fact)
      else passageAt(row).passage.settles.push(fact)
    } else if (kind === 'redriven') passageAt(row).passage.redrives.push({ row, time })
  }

  const faults = createFaultIndex(readWindows(history, settings.noticeMs))
  const parts = { messages: [...messages.values()], groups: [...groups.values()] }
  const timeline: Timeline = { history, runs, stops, faults, watched, ...parts }
  concludeRuns(timeline, settings)
  return timeline
}

function emptyPassage(message: Message): Passage {
  return { message, runs: [], deadLetters: [], redrives: [], copies: [], letters: [], settles: [] }
}

const STOPS: ReadonlySet<EventKind> = new Set<EventKind>(['killed', 'drained', 'closed'])

function readStops(history: History): ReadonlyMap<number, readonly Stop[]> {
  const { columns, size } = history
  const stops = new Map<number, Stop[]>()
  for (let row = 0; row < size; row++) {
    const kind = KINDS[columns.kind[row] as number] as EventKind
    if (!STOPS.has(kind)) continue
    const instance = columns.instance[row] as number
    const stop = { row, kind, group: columns.party[row] as number, topic: columns.topic[row] as number }
    stops.set(instance, [...(stops.get(instance) ?? []), stop])
  }
  return stops
}
