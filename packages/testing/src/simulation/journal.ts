import { createHash } from 'node:crypto'
import { createRecorder, type Recorder } from '../history/recorder.js'
import type { History } from '../history/table.js'

/** What is written down in a run: the history, what was done, and what was found wrong. */
export interface Journal {
  readonly recorder: Recorder
  readonly problems: readonly string[]
  /** Events and notes in words; empty unless asked for. */
  readonly trace: readonly string[]
  note(text: string): void
  problem(text: string): void
  /** A number of everything that was written down, in its order. */
  hash(): string
}

export function createJournal(now: () => number, verbose: boolean): Journal {
  const problems: string[] = []
  const trace: string[] = []
  const notes = createHash('sha256')
  const recorder = createRecorder({
    now,
    ...(verbose ? { onLine: (line: string) => trace.push(line) } : {}),
  })
  return {
    recorder,
    problems,
    trace,
    note: (text) => {
      const line = `${now()} ${text}`
      notes.update(`${recorder.size()} ${line}\n`)
      if (verbose) trace.push(line)
    },
    problem: (text) => {
      // One cause may be seen again and again.
      if (!problems.includes(text)) problems.push(text)
    },
    hash: () => {
      const all = notes.copy()
      hashHistory(recorder.history(), (part) => all.update(part))
      return all.digest('hex').slice(0, 16)
    },
  }
}

function hashHistory({ size, columns, names }: History, update: (part: Uint8Array | string) => void): void {
  for (const column of Object.values(columns) as (Uint8Array | Int32Array | Float64Array)[]) {
    update(new Uint8Array(column.buffer, column.byteOffset, size * column.BYTES_PER_ELEMENT))
  }
  update(names.join('\n'))
}
