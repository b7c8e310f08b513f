import type { SluiceError } from '../errors/sluice-error.js'

interface OfGroup {
  readonly topic: string
  readonly group: string
}

/** What can be listened to with `messaging.on(name, listener)`. A listener that throws is logged and disturbs nothing. */
export interface SluiceEvents {
  /** A side of the connection changed. */
  readonly connection: {
    readonly side: 'publish' | 'consume'
    readonly state: 'ready' | 'blocked' | 'lost' | 'connecting'
    readonly cause: SluiceError | undefined
  }
  /** The right to consume a partition came or went. */
  readonly claim: OfGroup & { readonly partition: number; readonly state: 'claimed' | 'revoked' | 'lost' | 'rewound' }
  /** A delivery ended locally after it was lost: it is handled again by whoever owns it now. */
  readonly lost: OfGroup & { readonly id: string; readonly attempt: number }
  /** An attempt failed; `delayMs` until the next one. */
  readonly retry: OfGroup & {
    readonly id: string
    readonly attempt: number
    readonly delayMs: number
    readonly error: unknown
  }
  /** The copy among the dead letters is confirmed. */
  readonly deadLetter: OfGroup & { readonly id: string; readonly attempts: number; readonly reason: string }
  /** The dead letter could not be stored; the original stays and is tried again. */
  readonly deadLetterFailed: OfGroup & { readonly id: string; readonly error: SluiceError }
  /** The last attempt failed with `onExhausted: 'hold'`: the key stays closed until somebody releases it. */
  readonly held: OfGroup & { readonly id: string; readonly error: unknown }
  readonly breaker: OfGroup & { readonly state: 'open' | 'closed' }
  /** A handler is overdue: its key stands still. */
  readonly overdue: OfGroup & { readonly id: string; readonly runningMs: number }
  /** The idempotency store went away or came back. */
  readonly store: OfGroup & { readonly state: 'down' | 'up'; readonly error: unknown }
  /** A fact that the adapter reports, for example messages lost to retention. */
  readonly notice: OfGroup & { readonly kind: string; readonly text: string; readonly count: number | undefined }
  /** The messaging object is closed. */
  readonly closed: object
  /** A subscription has ended for good and needs a person. */
  readonly failed: OfGroup & { readonly error: SluiceError }
}

export type EventName = keyof SluiceEvents

const known: Readonly<Record<EventName, true>> = {
  ...{ connection: true, claim: true, lost: true, retry: true, deadLetter: true, deadLetterFailed: true, held: true },
  ...{ breaker: true, overdue: true, store: true, notice: true, closed: true, failed: true },
}

export const eventNames: readonly string[] = Object.keys(known)

export type EventListener<N extends EventName> = (event: SluiceEvents[N]) => void
