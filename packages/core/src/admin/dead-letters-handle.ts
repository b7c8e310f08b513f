import type { HeaderList } from '../model/headers.js'
import type { Key } from '../model/key.js'

/**
 * The dead letters of one group. Only one call at a time may have them open, over all processes: another one rejects BUSY.
 * All calls check their options first (UNKNOWN_OPTION, INVALID_OPTION) and reject with a SluiceError: UNKNOWN_TOPIC, DISCONNECTED,
 * TIMEOUT, CLOSED.
 */
export interface DeadLetters {
  /** Oldest first. Reading changes nothing, however often. */
  list(options?: ListOptions): Promise<DeadLetterPage>
  /**
   * Sends them back to the failing group only, in the order of each key, under the same id, with a new count of attempts; each is
   * removed when the broker holds it again. Those that fail again meanwhile are not sent a second time. Interrupted and called again
   * it repeats a few and loses none. When one cannot be sent it stops and rejects; what was not sent is still there.
   */
  redrive(options?: RedriveOptions): Promise<RedriveReport>
  /** Removes for good those that are there when it begins. */
  purge(options?: PurgeOptions): Promise<{ readonly purged: number }>
}

export interface DeadLetter {
  readonly id: string
  readonly key: Key | null
  readonly type: string | undefined
  readonly body: Uint8Array | null
  readonly contentType: string | undefined
  /** All headers as they are stored, those that Sluice wrote among them. */
  readonly headers: HeaderList
  /** Code or name of the error; `unknown` when the broker dead-lettered it by itself. */
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
  /** `next` of the page before. @default from the oldest */
  readonly after?: string
  /** Most letters of the page, 1 to 10000. @default 100 */
  readonly limit?: number
}

export interface RedriveOptions {
  /** Which letters; must return true or false. @default all */
  readonly filter?: (letter: DeadLetter) => boolean
  /** Most letters to send; never more than were there when it began. @default all that were there when it began */
  readonly limit?: number
  /** Most letters per second; 0.5 is one every two seconds. @default as fast as the broker takes them */
  readonly perSecond?: number
  /** Only count. @default false */
  readonly dryRun?: boolean
  /** Stops between two letters; the call then resolves with what was done. @default none */
  readonly signal?: AbortSignal
}

export interface RedriveReport {
  /** Sent and removed; with `dryRun` those that would have been. */
  readonly redriven: number
  /** Left where they are, because the filter said no. */
  readonly skipped: number
}

export interface PurgeOptions {
  /** Which letters; must return true or false. @default all */
  readonly filter?: (letter: DeadLetter) => boolean
}
