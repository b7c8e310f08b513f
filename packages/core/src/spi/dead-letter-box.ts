import type { StoredLetter } from './envelope.js'

/** Exclusive access to the dead letters of one group. Reading 10,000 times loses, reorders and counts nothing. */
export interface DeadLetterBox {
  /** Oldest first; per key in the order of dead-lettering. An entry that was removed is never read again, also after a crash. */
  read(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly StoredLetter[]>
  /** Resolves when the removal is durable. Core sends to the group first and removes after: a crash between repeats, never loses. */
  remove(letters: readonly StoredLetter[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
