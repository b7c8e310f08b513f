import { SluiceError } from '../errors/sluice-error.js'
import type { Cancel } from '../model/clock.js'
import type { Emitter } from '../model/emitter.js'
import type { Tracer } from '../model/trace.js'
import type { GroupRef } from '../spi/sending.js'
import type { CoreDelivery } from './delivery.js'
import type { Timing } from './timing.js'
import type { Work } from './work.js'

export interface CallingContext {
  readonly ref: GroupRef
  readonly tracer: Tracer | undefined
  readonly timing: Timing
  readonly emitter: Emitter
  readonly handlerTimeoutMs: number | undefined
}

/** What surrounds each call of the application: its spans and its timeout. */
export class Calling {
  readonly #c: CallingContext

  constructor(context: CallingContext) {
    this.#c = context
  }

  get traced(): boolean {
    return this.#c.tracer !== undefined
  }

  /** Whether {@link watch} does anything. */
  get timed(): boolean {
    return this.#c.handlerTimeoutMs !== undefined
  }

  /** Calls inside of the spans of all deliveries, and ends them with the call. */
  trace(deliveries: readonly CoreDelivery[], call: () => unknown): unknown {
    const { tracer, ref } = this.#c
    if (tracer === undefined) return call()
    const spans = deliveries.flatMap(({ message, attempt }) => tracer.delivered(message, attempt, ref.group) ?? [])
    const end = (error?: unknown): void => {
      for (const span of spans) span.end(error)
    }
    try {
      const result = spans.reduceRight<() => unknown>((inner, span) => () => span.run(inner), call)()
      if (!isThenable(result)) {
        end()
        return result
      }
      return Promise.resolve(result).then(
        () => end(),
        (error: unknown) => {
          end(error)
          throw error
        },
      )
    } catch (error) {
      end(error)
      throw error
    }
  }

  /** From `handlerTimeoutMs` on the works are overdue and their handler is told so; `undefined` when there is no such limit. */
  watch(members: readonly Work[]): Cancel | undefined {
    const { handlerTimeoutMs, timing, emitter, ref } = this.#c
    if (handlerTimeoutMs === undefined) return undefined
    return timing.timers.after(handlerTimeoutMs, () => {
      for (const work of members) {
        work.overdue = true
        work.sinceMs = timing.clock.monotonic()
        const text = `the handler runs for more than ${handlerTimeoutMs} ms`
        work.delivery?.abort(new SluiceError('HANDLER_TIMEOUT', text, { ...ref, messageId: work.id }))
        emitter.emit('overdue', { ...ref, id: work.id, runningMs: handlerTimeoutMs })
      }
    })
  }
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

/** Calls exactly one of the two, once, whatever the thenable does. */
export function whenEnded(result: PromiseLike<unknown>, ended: () => void, failed: (error: unknown) => void): void {
  // Of a promise of the platform this is the promise itself.
  void Promise.resolve(result).then(ended, failed)
}
