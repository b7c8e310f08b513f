import { createRecorder } from '../history/recorder.js'
import type { Recorder } from '../history/recorder.js'

/** The recorder of one test, with counters that waits and loads look at. */
export interface Journal {
  readonly recorder: Recorder
  readonly counters: JournalCounters
  /** A process that was killed records nothing any more. */
  readonly bury: (instance: string) => void
  readonly isBuried: (instance: string) => boolean
}

export interface JournalCounters {
  /** Calls of publish, and those that have ended. */
  invoked: number
  ended: number
  /** Handler runs, and those that have ended. */
  started: number
  finished: number
  /** Reported with the result: messages and keys that were published, faults that counted. */
  messages: number
  faults: number
  readonly keys: Set<string>
}

export function createJournal(): Journal {
  const buried = new Set<string>()
  return {
    recorder: createRecorder({ now: () => performance.now() }),
    counters: { invoked: 0, ended: 0, started: 0, finished: 0, messages: 0, faults: 0, keys: new Set() },
    bury: (instance) => void buried.add(instance),
    isBuried: (instance) => buried.has(instance),
  }
}
