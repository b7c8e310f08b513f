import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import type { Clock } from '../model/clock.js'
import type { GroupRef } from '../spi/sending.js'

/** A step at the broker that is part of something longer. */
export interface Step {
  readonly clock: Clock
  readonly ms: number
  readonly ref: GroupRef
  /** For the error: what took too long. */
  readonly what: string
}

/** Runs it with a deadline. @throws SluiceError TIMEOUT, or what `run` rejects with */
export async function within<T>({ clock, ms, ref, what }: Step, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const cancel = clock.after(ms, () => {
    abort.abort(
      new SluiceError('TIMEOUT', `${what} of ${ref.topic}.${ref.group} took longer than ${ms} ms`, { ...ref }),
    )
  })
  try {
    return await run(abort.signal)
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason
    throw toSluiceError(error, { ...ref })
  } finally {
    cancel()
  }
}
