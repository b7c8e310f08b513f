import { type Clock, sleep } from '@sluice/core/spi'
import type { WireChannel } from './wire/port.js'

/** A queue that this process consumes, as far as it knows. */
export interface ConsumedQueue {
  readonly queue: string
  /** Undefined when it is not consumed, or no longer: nothing is to be said of it then. */
  readonly arrivals: number | undefined
  /** The broker does not know the consumer. */
  forgotten(): void
}

/** A broker that is too busy to count says that there are none. */
const LOOKS = 3
const BETWEEN_MS = 500

/**
 * Queues without a consumer although this process consumes them: when a queue is deleted and made again while somebody begins to consume
 * it, a broker of several nodes may tell the consumer that it has begun, and never that it has ended (seen with 3.10).
 */
export async function findForgotten(
  consumed: readonly ConsumedQueue[],
  { channel, clock, signal }: { readonly channel: WireChannel; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  let suspects = consumed.map((queue) => ({ queue, arrivals: queue.arrivals }))
  for (let look = 1; suspects.length > 0; look += 1) {
    const alone: typeof suspects = []
    for (const suspect of suspects) {
      const { consumers } = await channel.checkQueue(suspect.queue.queue)
      const isSilent = suspect.arrivals !== undefined && suspect.queue.arrivals === suspect.arrivals
      if (consumers === 0 && isSilent) alone.push(suspect)
    }
    suspects = alone
    if (suspects.length === 0) return
    if (look === LOOKS) break
    await sleep(clock, BETWEEN_MS, signal)
    if (signal.aborted) return
  }
  for (const { queue } of suspects) queue.forgotten()
}
