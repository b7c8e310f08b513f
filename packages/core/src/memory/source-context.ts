import type { Outbound } from '../spi/envelope.js'
import type { MemoryClaim, Source } from './claim.js'
import type { QueueTime } from './group-queue.js'

/** What a source needs of the broker around it. */
export interface SourceContext extends QueueTime {
  /** Soon, {@link Source.fill} is called. */
  wake(source: Source): void
  /** Deliveries were handed over: from now on their hold limit counts. */
  handed(claim: MemoryClaim): void
  /** Somebody wants to know of each message that is settled from now on. */
  readonly settled: ((claim: MemoryClaim, message: Outbound) => void) | undefined
}
