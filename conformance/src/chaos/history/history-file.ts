import { openSync, writeSync } from 'node:fs'
import type { HandlerOutcome, PublishResult } from '@sluice/testing'
import { machineTime } from '../clock.js'
import { formatLine, type Line, type RunStart } from './lines.js'

/**
 * What one process does, in the order in which it does it. Every event is handed to the system before the call returns: a kill loses
 * none, so that what a handler has begun or ended is known whenever the process dies.
 */
export class HistoryFile {
  readonly #file: number
  #publishes = 0
  #runs = 0

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** Returns the number of the publish. */
  published(topic: string, id: string, key: string | null, time: number): number {
    this.#write({ kind: 'publish', topic, id, key }, time)
    return this.#publishes++
  }

  answered(publish: number, result: PublishResult): void {
    this.#write({ kind: 'result', publish, result })
  }

  /** Returns the number of the run. */
  started(run: RunStart): number {
    this.#write({ kind: 'start', ...run })
    return this.#runs++
  }

  ended(run: number, outcome: HandlerOutcome): void {
    this.#write({ kind: 'end', run, outcome })
  }

  #write(line: Line, time: number = machineTime()): void {
    writeSync(this.#file, formatLine(time, line))
  }
}
