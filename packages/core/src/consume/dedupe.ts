import { SluiceError } from '../errors/sluice-error.js'
import { exponentialBackoff } from '../kit/backoff.js'
import { decodeUtf8 } from '../kit/utf8.js'
import type { Cancel } from '../model/clock.js'
import type { Emitter } from '../model/emitter.js'
import type { Message } from '../model/message.js'
import type { Idempotency, IdempotencyEntry } from '../model/store.js'
import type { GroupRef } from '../spi/sending.js'
import type { Gate } from './gate.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

export interface DedupeContext {
  readonly ref: GroupRef
  readonly idempotency: Idempotency
  readonly timing: Timing
  readonly gate: Gate
  readonly emitter: Emitter
}

/** What to do with a work after its id was claimed. */
export interface DedupeAnswers {
  run(): void
  done(): void
  busy(retryMs: number): void
  /** It has no id that a claim could be made with. */
  refused(error: SluiceError): void
}

interface Held {
  readonly entry: IdempotencyEntry
  readonly fence: string
  renewal: Cancel | undefined
}

/** A busy id is asked for again no faster than this, whatever the store says. */
const busyFloorMs = 50

/** Claim before the handler, complete after it and before the ack, release after a failure: the store is never ahead of the effect. */
export class Dedupe {
  readonly #c: DedupeContext
  readonly #held = new Map<Work, Held>()
  readonly #backoff = exponentialBackoff({ fromMs: 100, toMs: 5_000 })
  #down = false
  #failures = 0
  #stopped = false
  /** Marks that wait until the store answers again. */
  readonly #waiting = new Set<() => void>()

  constructor(context: DedupeContext) {
    this.#c = context
  }

  claim(work: Work, message: Message, answers: DedupeAnswers): void {
    const { idempotency, gate } = this.#c
    let entry: IdempotencyEntry
    try {
      entry = this.#entry(work, message)
    } catch (error) {
      answers.refused(error as SluiceError)
      return
    }
    idempotency.store.claim(entry).then(
      (claim) => {
        this.#reachable()
        if (claim.kind === 'done') answers.done()
        else if (claim.kind === 'busy') answers.busy(Math.max(claim.retryMs, busyFloorMs))
        else {
          work.fence = claim.fence
          this.#held.set(work, { entry, fence: claim.fence, renewal: undefined })
          this.#renewLater(work, claim.leaseMs)
          answers.run()
        }
      },
      (error: unknown) => {
        this.#unreachable(error)
        if (idempotency.onStoreDown === 'process') {
          answers.run()
          return
        }
        // Everything waits; this one comes back to find out whether the store does.
        const retryMs = this.#backoff(this.#failures)
        if (!this.#stopped) {
          gate.close('store-down')
          this.#c.timing.timers.after(retryMs, () => gate.open('store-down'))
        }
        answers.busy(retryMs)
      },
    )
  }

  /** The effect is there: the mark must follow, however long the store is away. `stale` when another owner has taken the id over meanwhile. */
  complete(work: Work, then: () => void, stale: (retryMs: number) => void): void {
    const held = this.#end(work)
    if (held === undefined) {
      then()
      return
    }
    this.#c.idempotency.store.complete(held.entry, held.fence).then(
      (ours) => {
        this.#reachable()
        if (ours) then()
        else stale(busyFloorMs)
      },
      (error: unknown) => {
        this.#unreachable(error)
        if (this.#c.idempotency.onStoreDown === 'process' || work.lost || this.#stopped) {
          then()
          return
        }
        this.#held.set(work, held)
        work.fence = held.fence
        const again = (): void => {
          this.#waiting.delete(again)
          this.complete(work, then, stale)
        }
        this.#waiting.add(again)
        this.#c.timing.timers.after(this.#backoff(this.#failures), again)
      },
    )
  }

  /** Not done: the next delivery may claim it at once. When the store does not answer, the lease ends by itself. */
  release(work: Work, then: () => void): void {
    const held = this.#end(work)
    if (held === undefined) {
      then()
      return
    }
    this.#c.idempotency.store.release(held.entry, held.fence).then(
      () => {
        this.#reachable()
        then()
      },
      (error: unknown) => {
        this.#unreachable(error)
        then()
      },
    )
  }

  /** No more renewals: what is still claimed comes free by its lease, unless its handler ends before and says so. */
  stop(): void {
    this.#stopped = true
    for (const held of this.#held.values()) held.renewal?.()
    // One last try each: their timers are about to be cleared.
    for (const again of [...this.#waiting]) again()
  }

  get down(): boolean {
    return this.#down
  }

  #entry(work: Work, message: Message): IdempotencyEntry {
    const { ref, idempotency } = this.#c
    const given: unknown = idempotency.id === undefined ? ownId(work, message) : callId(idempotency.id, message)
    if (typeof given !== 'string' || given === '') {
      throw new SluiceError(
        'NO_ID',
        'the message has no id, and the `id` function of the idempotency options gave none',
        { ...ref },
      )
    }
    const header = (name: string): string | undefined => {
      const found = work.inbound.headers.find(([n]) => n === name)?.[1]
      return found === undefined || typeof found === 'string' ? found : decodeUtf8(found)
    }
    return { topic: ref.topic, group: ref.group, id: given, header }
  }

  #end(work: Work): Held | undefined {
    const held = this.#held.get(work)
    if (held === undefined) return undefined
    held.renewal?.()
    held.renewal = undefined
    this.#held.delete(work)
    work.fence = undefined
    return held
  }

  #renewLater(work: Work, leaseMs: number): void {
    const held = this.#held.get(work)
    if (held === undefined || leaseMs === Infinity || this.#stopped) return
    held.renewal = this.#c.timing.timers.after(leaseMs / 3, () => {
      // A renewal that fails says nothing about the handler: `complete` finds out whether the lease was lost.
      const again = (): void => this.#renewLater(work, leaseMs)
      this.#c.idempotency.store.renew(held.entry, held.fence).then(again, again)
    })
  }

  #reachable(): void {
    this.#failures = 0
    if (!this.#down) return
    this.#down = false
    this.#c.emitter.emit('store', { ...this.#c.ref, state: 'up', error: undefined })
    this.#c.gate.open('store-down')
  }

  #unreachable(error: unknown): void {
    this.#failures += 1
    if (this.#down) return
    this.#down = true
    this.#c.emitter.emit('store', { ...this.#c.ref, state: 'down', error })
  }
}

/** A position says which message it is inside its partition only. The same text as on the dead letter, so that a redrive is known too. */
function ownId({ inbound }: Work, message: Message): string {
  if (inbound.id !== undefined || inbound.position === undefined) return message.id
  return `${message.topic}-${inbound.claim.partition}-${inbound.position}`
}

function callId(id: (message: Message) => string, message: Message): unknown {
  try {
    return id(message)
  } catch (cause) {
    throw new SluiceError('NO_ID', 'the `id` function of the idempotency options threw', {
      cause,
      messageId: message.id,
    })
  }
}
