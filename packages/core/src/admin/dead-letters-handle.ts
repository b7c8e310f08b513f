import type { HeaderList } from '../model/headers.js'
import type { Key } from '../model/key.js'

/** The dead letters of one group. */
export interface DeadLetters {
  /** Oldest first. Reading changes nothing, however often. */
  list(options?: ListOptions): Promise<DeadLetterPage>
  /** Sends them back to the failing group only, in order, under the same id, with a new count of attempts; then removes them. */
  redrive(options?: RedriveOptions): Promise<RedriveReport>
  /** Removes them for good. */
  purge(options?: PurgeOptions): Promise<{ readonly purged: number }>
}

export interface DeadLetter {
  readonly id: string
  readonly key: Key | null
  readonly type: string | undefined
  readonly body: Uint8Array | null
  readonly contentType: string | undefined
  readonly headers: HeaderList
  readonly reason: string
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined } | undefined
  readonly attempts: number
  readonly firstFailureMs: number | undefined
  readonly lastFailureMs: number | undefined
  readonly originTopic: string
  readonly originGroup: string
  readonly cursor: string
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[]
  /** Pass it as `after` for the next page; `undefined` at the end. */
  readonly next: string | undefined
}

export interface ListOptions {
  /** @default from the oldest */
  readonly after?: string
  /** @default 100 */
  readonly limit?: number
}

export interface RedriveOptions {
  /** Which letters. @default all */
  readonly filter?: (letter: DeadLetter) => boolean
  /** Most letters to send. @default all that were there when it began */
  readonly limit?: number
  /** Most letters per second. @default as fast as the broker takes them */
  readonly perSecond?: number
  /** Only count. @default false */
  readonly dryRun?: boolean
  /** Stops between two letters. */
  readonly signal?: AbortSignal
}

export interface RedriveReport {
  readonly redriven: number
  readonly skipped: number
}

export interface PurgeOptions {
  /** Which letters. @default all */
  readonly filter?: (letter: DeadLetter) => boolean
}
