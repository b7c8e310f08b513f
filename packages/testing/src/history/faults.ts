import { KINDS } from './codes.js'
import type { EventKind } from './event.js'
import { NONE, type History } from './table.js'

/** A stretch of time in which the scope of a fault could lose what it had not stored; `NONE` in a scope matches everything. */
export interface FaultWindow {
  readonly kind: EventKind
  readonly from: number
  readonly to: number
  readonly instance: number
  readonly topic: number
  readonly group: number
  readonly partition: number
}

/** The windows that concern one scope. */
interface Windows {
  /** How many windows share a moment with `from..to`, both ends included. */
  readonly count: (from: number, to: number) => number
}

/** Windows by scope. */
export interface FaultIndex {
  readonly size: number
  /** What concerns a run there; `NONE` as the partition of the run is matched by every window. */
  readonly ofClaim: (instance: number, topic: number, group: number, partition: number) => Windows
  /** What concerns every instance of a group. */
  readonly ofGroup: (topic: number, group: number) => Windows
  /** What can put the publishes of an instance in doubt: its kill and its lost connections. */
  readonly ofPublisher: (instance: number) => Windows
}

const EXCUSES: ReadonlySet<EventKind> = new Set<EventKind>(['killed', 'claim-lost', 'connection-lost', 'drain-expired'])
const PUBLISH_DOUBTS: ReadonlySet<EventKind> = new Set<EventKind>(['killed', 'connection-lost'])

/** Reads the windows of a history; a lost connection lasts until it is restored, everything else `noticeMs`. */
export function readWindows(history: History, noticeMs: number): readonly FaultWindow[] {
  const { columns, size } = history
  const windows: FaultWindow[] = []
  const cut = new Map<number, number[]>()
  for (let row = 0; row < size; row++) {
    const kind = KINDS[columns.kind[row] as number] as EventKind
    const from = columns.time[row] as number
    const instance = columns.instance[row] as number
    if (kind === 'connection-restored') {
      for (const index of restored(cut, instance)) windows[index] = { ...(windows[index] as FaultWindow), to: from }
    }
    if (!EXCUSES.has(kind)) continue
    const [topic, group] = [columns.topic[row] as number, columns.party[row] as number]
    const to = kind === 'killed' ? from : from + noticeMs
    const index =
      windows.push({ kind, from, to, instance, topic, group, partition: columns.partition[row] as number }) - 1
    if (kind === 'connection-lost') cut.set(instance, [...(cut.get(instance) ?? []), index])
  }
  return windows
}

function restored(cut: Map<number, number[]>, instance: number): readonly number[] {
  const ended = instance === NONE ? [...cut.values()].flat() : (cut.get(instance) ?? [])
  if (instance === NONE) cut.clear()
  else cut.delete(instance)
  return ended
}

/** Makes windows findable by scope. */
export function createFaultIndex(windows: readonly FaultWindow[]): FaultIndex {
  const cache = new Map<string, Windows>()

  function lookup(scope: string, matches: (window: FaultWindow) => boolean): Windows {
    let found = cache.get(scope)
    if (found === undefined) {
      found = createWindows(windows.filter(matches))
      cache.set(scope, found)
    }
    return found
  }

  return {
    size: windows.length,
    ofClaim: (instance, topic, group, partition) =>
      lookup(
        `claim ${instance} ${topic} ${group} ${partition}`,
        (window) =>
          fits(window.instance, instance) &&
          inGroup(window, topic, group) &&
          (partition === NONE || fits(window.partition, partition)),
      ),
    ofGroup: (topic, group) => lookup(`group ${topic} ${group}`, (window) => inGroup(window, topic, group)),
    ofPublisher: (instance) =>
      lookup(`publisher ${instance}`, (window) => PUBLISH_DOUBTS.has(window.kind) && fits(window.instance, instance)),
  }
}

function inGroup(window: FaultWindow, topic: number, group: number): boolean {
  return fits(window.topic, topic) && fits(window.group, group)
}

function fits(scope: number, value: number): boolean {
  return scope === NONE || scope === value
}

function createWindows(windows: readonly FaultWindow[]): Windows {
  const starts = Float64Array.from(windows, ({ from }) => from).sort()
  const ends = Float64Array.from(windows, ({ to }) => to).sort()
  // A window misses the stretch when it starts after its end or ends before its start, never both.
  return { count: (from, to) => (to < from ? 0 : lowerBound(starts, to, true) - lowerBound(ends, from, false)) }
}

/** How many sorted values are below the limit, or also equal to it. */
function lowerBound(sorted: Float64Array, limit: number, included: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle] as number
    if (value < limit || (included && value === limit)) low = middle + 1
    else high = middle
  }
  return low
}
