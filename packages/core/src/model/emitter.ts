import { checkFunction, checkOneOf } from '../errors/check-options.js'
import { eventNames, type EventListener, type EventName, type SluiceEvents } from './events.js'
import type { Logger } from './logger.js'

/** Hands events to listeners. */
export interface Emitter {
  /** @throws SluiceError INVALID_OPTION */
  on<N extends EventName>(name: N, listener: EventListener<N>): () => void
  emit<N extends EventName>(name: N, event: SluiceEvents[N]): void
  /** Whether making an event of this name is worth the work. */
  heard(name: EventName): boolean
}

/** A listener that throws is logged: it cannot disturb the pipeline that raised the event. */
export function createEmitter(log: Logger): Emitter {
  const listeners = new Map<EventName, Set<(event: never) => void>>()
  return {
    on(name, listener) {
      checkOneOf('name', name ?? null, eventNames)
      checkFunction('listener', listener ?? null)
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => void set.delete(listener)
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          listener(event as never)
        } catch (error) {
          log.error(`a listener of "${name}" threw`, { error })
        }
      }
    },
    heard: (name) => (listeners.get(name)?.size ?? 0) > 0,
  }
}
