import type { AdapterError } from './adapter-error.js'
import type { Inbound } from './envelope.js'
import type { GroupRef } from './sending.js'

export interface ConsumeRequest {
  readonly group: GroupRef
  readonly order: 'key' | 'none'
  /** Used once, when the group is created. */
  readonly from: 'creation' | 'earliest'
  readonly onPositionLost: 'fail' | 'earliest' | 'latest'
  /** Most deliveries handed to the sink and not ended, per claim. What the client library has fetched beyond it stays inside the adapter and is counted in `Consumer.buffered`. */
  readonly window: { readonly messages: number; readonly bytes: number }
  /** Longest time core will ask for in `revoking`. The adapter sets its rebalance timeout above it. */
  readonly drainMs: number
}

/** Right to consume one partition for one epoch. A new epoch is a new object: everything of the old one is dead. */
export interface Claim {
  readonly partition: number
  readonly epoch: number
  /** Deliveries of this partition never come to two live owners: an adapter stops delivering before its session could have ended at the broker. Always true for order 'key'. */
  readonly exclusive: boolean
  /** Longest time between delivery and settlement that the broker bears (RabbitMQ 0.8 × consumer timeout). Core rewinds the claim before. Where leases can be renewed the adapter renews them itself and says Infinity. */
  readonly holdMs: number
  /**
   * Until when, on the clock of the adapter's context, nobody else can have got this claim: an adapter whose session could end unnoticed
   * (a frozen process, a silent network) moves it on with each sign of life. Core starts nothing behind it, because what it would start may
   * have been finished elsewhere. Once it has passed, the adapter reports the claim as lost. @default never passes
   */
  readonly aliveUntilMs?: number | undefined
}

/** Implemented by core. Called from the adapter's event handlers; never throws. */
export interface ConsumeSink {
  claimed(claim: Claim): void
  /** Deliveries of one claim in broker order. Core takes them all; it is never asked to take more than the window. */
  deliver(claim: Claim, deliveries: readonly Inbound[]): void
  /**
   * A planned hand-over. Core starts nothing more of these claims, waits for what runs, ends it, and resolves; it resolves at the
   * deadline in any case. The adapter stays alive meanwhile (heartbeats), then stores what was ended, then lets go. What was not
   * ended is delivered elsewhere. No deliveries follow the call. From the moment the promise resolves the claims are dead; no `lost` follows. When the claims are
   * lost while core still drains them, the adapter calls `lost` and ignores the promise.
   */
  revoking(claims: readonly Claim[], deadlineMs: number): Promise<void>
  /** Gone without notice (connection, channel, session, fenced). Core aborts the signals and forgets what was not ended. The adapter drops every later end of these claims itself. */
  lost(claims: readonly Claim[], cause: AdapterError): void
  /** Consumption cannot go on without a person (topic deleted in `verify` mode, unreadable batch, position lost with policy `fail`). Not for anything that recovers. */
  failed(cause: AdapterError): void
  /** Facts for events and metrics: messages lost to retention, a foreign checkpoint ignored, a server-side timeout. */
  noticed(notice: Notice): void
}

export interface Notice {
  readonly kind: string
  readonly text: string
  readonly count?: number
}

export interface Consumer {
  /** Finished: ack or advance the watermark. Synchronous, coalesced by the adapter, ignored for a dead claim. It reaches the broker within 250 ms also when an earlier delivery of the claim is still open. */
  done(delivery: Inbound): void
  /** Only on non-exclusive claims and where `giveBack` is 'single'. `delayMs` is 0 unless `giveBackDelay`. */
  giveBack(delivery: Inbound, delayMs: number): void
  /**
   * Nothing of this claim runs. The claim is dead from the call on; everything not `done` is delivered again, in order, under a new
   * claim (`ConsumeSink.claimed`), to this process or another. Used for holdMs and for long pauses. Resolves when the old claim is
   * let go at the broker; a connection lost meanwhile has done the same, so it resolves then too.
   */
  rewind(claim: Claim): Promise<void>
  /** Where `attemptRecord`: resolves when the number of failed attempts of this open delivery would survive a kill. Called after a failure, never on the good path. */
  record?(delivery: Inbound, failures: number): Promise<void>
  /**
   * Resolves when it would survive a kill of this process that the handler of this open delivery was started `starts` times without
   * coming to an end. Called only for a delivery that was handed over several times before, with one handler running, so it may be
   * slow; 0 takes the record back, and so does `done`. Comes back as `Inbound.starts`. After a loss of the claim core takes back what it
   * has recorded of a handler that lives on; where that cannot be stored any more it may reject.
   */
  recordStart(delivery: Inbound, starts: number): Promise<void>
  /** Stop and restart intake for as long as it takes, hours included; membership and claims stay. */
  pause(): void
  resume(): void
  /** Resolves when everything `done` so far is stored at the broker, as far as the broker can tell; rejects when that is not known. */
  stored(signal: AbortSignal): Promise<void>
  /** Done but not yet stored, and fetched but not yet delivered: what a crash repeats and what memory holds. The adapter bounds both: while the broker stores nothing, it hands over nothing more. */
  readonly unstored: number
  readonly buffered: { readonly messages: number; readonly bytes: number }
  /** Hands over no more deliveries or claims and keeps what it has (what the broker still pushes counts as `buffered`); `done`, `record` and `stored` go on working. */
  stop(): Promise<void>
  /** Leaves the group. What is not done comes again elsewhere, in order. Core calls it after stop, its own drain and stored. */
  close(signal: AbortSignal): Promise<void>
}
