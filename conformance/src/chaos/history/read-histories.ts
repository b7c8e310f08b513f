import { existsSync } from 'node:fs'
import { createRecorder, mergeHistories, type History, type Recorder } from '@sluice/testing'
import type { Fact } from '../facts.js'
import { parseLine, type Line } from './lines.js'
import { linesOf } from './read-lines.js'
import { Spans } from './spans.js'

/** The history of one process. */
export interface HistorySource {
  readonly instance: string
  readonly path: string
}

/** What all processes have written down. */
export interface Histories {
  /**
   * The history in parts that can be judged one after the other, because nothing that is asked of a history spans two keys: a message is
   * in the part of its key, facts are in each.
   */
  readonly parts: readonly (() => History)[]
  readonly publishes: Spans
  readonly runs: Spans
  /** How often handlers have failed, by message and group. */
  readonly failures: ReadonlyMap<string, number>
}

/** In one part there are about as many messages as that. */
export const messagesPerPart = 100_000

/** What was found among the dead letters when everything was over. */
export interface SeenLetter {
  readonly topic: string
  readonly group: string
  readonly id: string
  readonly key: string | null
  readonly reason: string
}

export interface Known {
  readonly facts: readonly Fact[]
  readonly letters: readonly SeenLetter[]
}

export function readHistories(sources: readonly HistorySource[], known: Known, parts: number): Histories {
  const spans = { publishes: new Spans(), runs: new Spans() }
  const failures = new Map<string, number>()
  const deaths = new Map<string, number>()
  const processes = sources
    .filter(({ path }) => existsSync(path))
    .map((source) => {
      const reader = new ProcessReader(source.instance, parts, spans, failures)
      for (const line of linesOf(source.path)) reader.read(line)
      deaths.set(source.instance, reader.end())
      return reader
    })
  const facts = exactly(known.facts, deaths)
  const part = (number: number) => (): History => {
    const histories = processes.map((reader) => reader.take(number))
    const letters = known.letters.filter(({ id, key }) => partOf(key ?? id, parts) === number)
    return mergeHistories([...histories, recordKnown(facts, letters)])
  }
  return { parts: Array.from({ length: parts }, (_, number) => part(number)), ...spans, failures }
}

/** A process is killed when it has done what it did last, not when somebody decided to: it went on for a moment. */
function exactly(facts: readonly Fact[], deaths: ReadonlyMap<string, number>): readonly Fact[] {
  return facts
    .map((fact) => {
      const last = fact.kind === 'killed' ? deaths.get(fact.instance ?? '') : undefined
      return last === undefined ? fact : { ...fact, time: Math.max(fact.time, last) }
    })
    .toSorted((a, b) => a.time - b.time)
}

function recordKnown(facts: readonly Fact[], letters: readonly SeenLetter[]): History {
  let time = Number.NEGATIVE_INFINITY
  const recorder = createRecorder({ now: () => time })
  for (const { time: at, kind, instance } of facts) {
    time = at
    recorder.fault({ kind, instance })
  }
  // They were looked at when everything was over, which is behind every other event. (A merge leaves out what never happens.)
  time = Number.MAX_VALUE
  for (const letter of letters) recorder.deadLetterSeen(letter)
  return recorder.history()
}

/** Where a publish or a run was recorded. */
interface Place {
  readonly part: number
  readonly number: number
  /** What its failure counts for. */
  readonly subject: string
}

class ProcessReader {
  readonly #instance: string
  readonly #recorders: (Recorder | undefined)[]
  readonly #spans: { readonly publishes: Spans; readonly runs: Spans }
  readonly #failures: Map<string, number>
  readonly #publishes: Place[] = []
  readonly #runs: Place[] = []
  #open = 0
  #openPublishes = 0
  #time = 0

  constructor(
    instance: string,
    parts: number,
    spans: { readonly publishes: Spans; readonly runs: Spans },
    failures: Map<string, number>,
  ) {
    this.#instance = instance
    this.#spans = spans
    this.#failures = failures
    this.#recorders = Array.from({ length: parts }, () => createRecorder({ now: () => this.#time }))
  }

  read(text: string): void {
    const { time, line } = parseLine(text)
    this.#time = time
    this.#record(line)
  }

  /** What it has not ended by now has no end. Returns the time of its last event. */
  end(): number {
    for (; this.#open > 0; this.#open--) this.#spans.runs.end(this.#time)
    for (; this.#openPublishes > 0; this.#openPublishes--) this.#spans.publishes.end(this.#time)
    this.#publishes.length = 0
    this.#runs.length = 0
    return this.#time
  }

  /** Gives one part away, and forgets it. */
  take(part: number): History {
    const recorder = this.#recorders[part]
    if (recorder === undefined) throw new RangeError(`history of chaos: part ${part} was taken before`)
    this.#recorders[part] = undefined
    return recorder.history()
  }

  #record(line: Line): void {
    switch (line.kind) {
      case 'publish': {
        const part = partOf(line.key ?? line.id, this.#recorders.length)
        const { topic, id, key } = line
        const number = this.#recorder(part).publishInvoked({ topic, id, key, instance: this.#instance })
        this.#publishes.push({ part, number, subject: id })
        this.#spans.publishes.begin(this.#time)
        this.#openPublishes += 1
        return
      }
      case 'result': {
        const { part, number } = placeOf(this.#publishes, line.publish)
        this.#recorder(part).publishEnded(number, line.result)
        this.#spans.publishes.end(this.#time)
        this.#openPublishes -= 1
        return
      }
      case 'start': {
        const part = partOf(line.key ?? line.id, this.#recorders.length)
        const { topic, group, id, key, attempt, partition } = line
        const run = { topic, group, id, key, attempt, partition, instance: this.#instance }
        const number = this.#recorder(part).handlerStarted(run)
        this.#runs.push({ part, number, subject: `${group} ${id}` })
        this.#spans.runs.begin(this.#time)
        this.#open += 1
        return
      }
      case 'end': {
        const { part, number, subject } = placeOf(this.#runs, line.run)
        this.#recorder(part).handlerEnded(number, line.outcome)
        if (line.outcome === 'failed') this.#failures.set(subject, (this.#failures.get(subject) ?? 0) + 1)
        this.#spans.runs.end(this.#time)
        this.#open -= 1
      }
    }
  }

  #recorder(part: number): Recorder {
    return this.#recorders[part] as Recorder
  }
}

function partOf(text: string, parts: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % parts
}

function placeOf(places: readonly Place[], number: number): Place {
  const place = places[number]
  if (place === undefined) throw new SyntaxError(`history of chaos: ${number} is not the number of anything that began`)
  return place
}
