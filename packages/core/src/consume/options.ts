import type { Capabilities } from '../spi/capabilities.js'
import type { Idempotency } from '../model/store.js'
import type { Limiter } from '../model/limiter.js'
import type { RetryPolicy } from '../failure/policy.js'

/** Options of `subscribe`, `subscribeBatch` and `stream`. Which values are allowed follows from the adapter and from the topic. */
export interface SubscribeOptions<C extends Capabilities = Capabilities, Keyed extends boolean = boolean> {
  /** Consumers of one group share the messages; each group gets all of them. Letters, digits, "-" and "_". */
  readonly group: string
  /** Most handlers that run at the same time in this subscription. @default 10 */
  readonly concurrency?: number
  /** `key`: messages of one key in order, one at a time. `none`: any order. @default 'key' when the topic has a key */
  readonly order?: [Keyed] extends [true] ? 'key' | 'none' : 'none'
  /** Where a group begins that does not exist yet. `earliest` needs an adapter with `replay`. @default 'creation' */
  readonly from?: [C['replay']] extends [true] ? 'creation' | 'earliest' : 'creation'
  /** Policy of repetition, or `false` for one attempt only. @default 10 attempts, exponential from 200 ms to 30 s with full jitter */
  readonly retry?: RetryPolicy | false
  /** After the last attempt: to the dead letters, or hold the message (and its key) until a person releases it. @default 'dead-letter' */
  readonly onExhausted?: 'dead-letter' | 'hold'
  /** Pauses the subscription when everything fails. `false` switches it off. @default 50 failures in a row, probes from 1 s to 30 s apart */
  readonly breaker?: BreakerOptions | false
  /** Handles each message once, also when it is delivered twice. @default off */
  readonly idempotency?: Idempotency
  /** Limits handler starts. @default off */
  readonly rateLimit?: Limiter
  /** After this time the signal of the delivery fires; the attempt fails when the handler ends. In ms. @default off */
  readonly handlerTimeoutMs?: number
  /** Deliveries that may be open in this process per partition. @default 1000 messages with keys, 2 × concurrency (at least 32) without; 64 MiB */
  readonly window?: WindowOptions
  /** When the position of the group is gone at the broker (retention): stop and ask a person, or go on at one end. @default 'fail' */
  readonly onPositionLost?: 'fail' | 'earliest' | 'latest'
  /** Longest wait for running handlers when a partition is handed over to another instance, in ms. @default 20000 */
  readonly handOverMs?: number
}

export interface WindowOptions {
  /** @default see {@link SubscribeOptions.window} */
  readonly messages?: number
  /** @default 67108864 (64 MiB) */
  readonly bytes?: number
}

export interface BreakerOptions {
  /** Failures in a row, over all keys, that open the breaker. @default 50 */
  readonly failures?: number
  /** Wait before the first probe, in ms; it doubles up to `maxProbeMs`. @default 1000 */
  readonly probeMs?: number
  /** @default 30000 */
  readonly maxProbeMs?: number
}

/** Options of `subscribeBatch`. */
export interface SubscribeBatchOptions<
  C extends Capabilities = Capabilities,
  Keyed extends boolean = boolean,
> extends SubscribeOptions<C, Keyed> {
  /** Most deliveries in one call. @default 100 */
  readonly maxSize?: number
  /** Longest wait for a batch to fill up, in ms. @default 50 */
  readonly maxWaitMs?: number
}

export interface CloseOptions {
  /** Longest wait for running handlers and unconfirmed copies, in ms. @default 25000 */
  readonly deadlineMs?: number
}
