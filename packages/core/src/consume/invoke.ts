import type { BatchHandler, Delivery, Handler } from '../model/delivery.js'
import type { Message } from '../model/message.js'
import type { Middleware } from '../model/middleware.js'
import type { CoreDelivery } from './delivery.js'

/** Calls the application for a delivery that was prepared. */
export type InvokeOne = (delivery: CoreDelivery) => unknown
/** The same for the members of a batch. */
export type InvokeBatch = (deliveries: readonly CoreDelivery[]) => unknown

/** How a subscription calls the application. */
export type Invoke =
  { readonly batch: false; readonly call: InvokeOne } | { readonly batch: true; readonly call: InvokeBatch }

type Consume = NonNullable<Middleware['consume']>

/** Calls one handler with one delivery, middleware around it. */
export function invokeSingle(handler: Handler<Message>, middleware: readonly Middleware[]): Invoke {
  const around = consumers(middleware)
  if (around.length === 0) return { batch: false, call: (delivery) => handler(delivery.message, delivery) }
  return {
    batch: false,
    call: (delivery) => surround(around, delivery, async () => void (await handler(delivery.message, delivery))),
  }
}

/** Calls the handler of the message's type. The decoder lets only types through that have one. */
export function byType(handlers: Readonly<Record<string, Handler<Message>>>): Handler<Message> {
  return (message, delivery) => (handlers[message.type as string] as Handler<Message>)(message, delivery)
}

/** Calls one handler with many deliveries: the middleware of every member surrounds the same call, and one that throws takes its member out. */
export function invokeBatch(handler: BatchHandler<Message>, middleware: readonly Middleware[]): Invoke {
  const around = consumers(middleware)
  if (around.length === 0) return { batch: true, call: (deliveries) => handler(deliveries) }
  return { batch: true, call: (deliveries) => gather(deliveries, around, handler) }
}

const consumers = (middleware: readonly Middleware[]): readonly Consume[] =>
  middleware.flatMap((m) => (m.consume === undefined ? [] : [m.consume.bind(m)]))

function surround(
  around: readonly Consume[],
  delivery: Delivery<Message>,
  innermost: () => Promise<void>,
): Promise<void> {
  const step = (index: number): Promise<void> => {
    const consume = around[index]
    return consume === undefined ? innermost() : consume(delivery.message, delivery, () => step(index + 1))
  }
  return step(0)
}

async function gather(
  deliveries: readonly CoreDelivery[],
  around: readonly Consume[],
  handler: BatchHandler<Message>,
): Promise<void> {
  const members: CoreDelivery[] = []
  let open = deliveries.length
  let begin: () => void
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const arrived = (): void => {
    open -= 1
    if (open === 0) begin()
  }
  const handled = begun.then(() => (members.length === 0 ? undefined : handler(members)))
  // Each member's middleware sees the failure; one listener of its own keeps it from being unhandled when no member is left.
  let failed = false
  handled.catch(() => {
    failed = true
  })
  await Promise.all(
    deliveries.map(async (delivery) => {
      let inside = false
      try {
        await surround(around, delivery, async () => {
          inside = true
          members.push(delivery)
          arrived()
          await handled
        })
      } catch (error) {
        // Where the handler failed, all of them fail with it; else it is this member's middleware that did.
        if (!failed && !delivery.settled) await delivery.retry({ cause: error })
      } finally {
        if (!inside) arrived()
      }
    }),
  )
  await handled
}
