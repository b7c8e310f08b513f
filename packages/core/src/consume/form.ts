import { checkKeys } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import type { BatchHandler, Handler } from '../model/delivery.js'
import type { Message } from '../model/message.js'
import type { Middleware } from '../model/middleware.js'
import { checkTopic, type AnyTopic } from '../model/topic.js'
import type { CoreDelivery } from './delivery.js'
import { byType, invokeBatch, invokeSingle, type Invoke, type InvokeOne } from './invoke.js'

/** How a subscription hands deliveries to the application. */
export interface Form {
  /** Types that have a handler; `undefined` when one handler takes them all. */
  readonly handled: ReadonlySet<string> | undefined
  readonly invoke: Invoke
  /** Called when the subscription begins to close. */
  readonly closing?: (() => void) | undefined
}

export type Handlers = Handler<Message> | Readonly<Record<string, Handler<Message>>>

/** @throws SluiceError INVALID_OPTION */
export function handlerForm(topic: AnyTopic, handler: Handlers, middleware: readonly Middleware[]): Form {
  checkTopic(topic)
  const handled = typeof handler === 'function' ? undefined : handledTypes(topic, handler)
  const call = typeof handler === 'function' ? handler : byType(handler)
  return { handled, invoke: invokeSingle(call, middleware) }
}

/** @throws SluiceError INVALID_OPTION */
export function batchForm(topic: AnyTopic, handler: BatchHandler<Message>, middleware: readonly Middleware[]): Form {
  checkTopic(topic)
  if (typeof handler !== 'function') throw notAHandler(topic)
  return { handled: undefined, invoke: invokeBatch(handler, middleware) }
}

/** `pull` puts a delivery where the loop finds it. @throws SluiceError INVALID_OPTION */
export function streamForm(
  topic: AnyTopic,
  pull: InvokeOne,
  closing: () => void,
  middleware: readonly Middleware[],
): Form {
  checkTopic(topic)
  const invoke = invokeSingle((_, delivery) => pull(delivery as CoreDelivery), middleware)
  return { handled: undefined, invoke, closing }
}

function handledTypes(topic: AnyTopic, handlers: unknown): ReadonlySet<string> {
  if (topic.kind !== 'typed' || typeof handlers !== 'object' || handlers === null || Array.isArray(handlers))
    throw notAHandler(topic)
  checkKeys('handlers', handlers, Object.keys(handlers))
  // Nobody would handle anything, and every message would be dead-lettered.
  if (Object.keys(handlers).length === 0) throw notAHandler(topic)
  for (const [type, handler] of Object.entries(handlers)) {
    if (!Object.hasOwn(topic.types, type) || typeof handler !== 'function') {
      const known = Object.keys(topic.types).join(', ')
      throw new SluiceError('INVALID_OPTION', `handlers.${type} must be a function for one of the types ${known}`, {
        field: `handlers.${type}`,
        topic: topic.name,
      })
    }
  }
  return new Set(Object.keys(handlers))
}

const notAHandler = (topic: AnyTopic): SluiceError => {
  const text =
    topic.kind === 'typed'
      ? 'the handler must be a function, or an object with one function per type'
      : 'the handler must be a function'
  return new SluiceError('INVALID_OPTION', text, { field: 'handler', topic: topic.name })
}
