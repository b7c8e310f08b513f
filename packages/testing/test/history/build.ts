import {
  checkHistory,
  type CheckOptions,
  createRecorder,
  type FaultRecord,
  type HandlerOutcome,
  type History,
  type Recorder,
} from '../../src/history/index.js'

/** Writes a history by hand: times are given, names have defaults. */
export interface Script {
  readonly recorder: Recorder
  /** Sets the time of what follows. */
  readonly at: (time: number) => Script
  /** Publishes with key 'k' unless told otherwise, and confirms at once. */
  readonly sent: (...ids: readonly string[]) => Script
  readonly run: (id: string, from: number, to: number, place?: Place) => Script
  readonly fault: (kind: FaultRecord['kind'], instance: string, at: number) => Script
  readonly done: () => History
}

interface Place {
  readonly instance?: string
  readonly outcome?: HandlerOutcome
  readonly key?: string | null
  readonly batch?: number
  readonly group?: string
}

/** Collects steps in any order and records them in the order of their times. */
export function script(): Script {
  let now = 0
  const recorder = createRecorder({ now: () => now })
  const steps: { readonly at: number; readonly record: () => void }[] = []
  const add = (at: number, record: () => void): void => void steps.push({ at, record })
  let cursor = 0

  const self: Script = {
    recorder,
    at(time) {
      cursor = time
      return self
    },
    sent(...ids) {
      for (const id of ids) {
        add(cursor, () => {
          recorder.publishEnded(recorder.publishInvoked({ topic: 't', id, key: 'k', instance: 'p' }), 'ok')
        })
      }
      return self
    },
    run(id, from, to, { instance = 'a', outcome = 'ok', key = 'k', group = 'g', batch } = {}) {
      let run = 0
      const place = { group, instance, partition: 0, ...(batch === undefined ? {} : { batch }) }
      add(from, () => (run = recorder.handlerStarted({ topic: 't', id, key, ...place })))
      if (to < Number.POSITIVE_INFINITY) add(to, () => recorder.handlerEnded(run, outcome))
      return self
    },
    fault(kind, instance, at) {
      add(at, () => recorder.fault({ kind, instance }))
      return self
    },
    done() {
      steps.sort((a, b) => a.at - b.at)
      for (const { at, record } of steps) {
        now = at
        record()
      }
      return recorder.history()
    },
  }
  return self
}

/** What the checker finds: kind, then the messages. */
export function found(history: History, options: CheckOptions = {}): readonly (readonly string[])[] {
  return checkHistory(history, options).violations.map(({ kind, ids }) => [kind as string].concat(ids))
}
