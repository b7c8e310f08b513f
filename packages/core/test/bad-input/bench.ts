import { expect } from 'vitest'
import { createMessaging, defineTopic, unchecked, type CommonOptions, type Messaging } from '../../src/index.js'
import type { Topic, TypedTopic } from '../../src/index.js'
import { createMemoryBroker, createSimulatedClock, memory, type SimulatedClock } from '../../src/memory/index.js'
import type { Adapter } from '../../src/spi.js'

export interface Item {
  readonly key: string
}

export const items: Topic<Item, Item, true> = defineTopic('items', {
  schema: unchecked<Item>(),
  key: ({ key }) => key,
  groups: ['kept'],
})
export const notes: Topic<unknown, unknown, false> = defineTopic('notes', {
  schema: unchecked<unknown>(),
  groups: ['kept'],
})
export const mixed: TypedTopic<
  { a: ReturnType<typeof unchecked<string>>; b: ReturnType<typeof unchecked<number>> },
  false
> = defineTopic('mixed', { types: { a: unchecked<string>(), b: unchecked<number>() }, groups: ['kept'] })

export interface Spied {
  readonly adapter: Adapter
  /** What core has asked for, in order. */
  readonly calls: string[]
}

/** Writes down every call. */
export function spied(inside: Adapter): Spied {
  const calls: string[] = []
  const noted = <A extends readonly unknown[], R>(name: string, call: (...args: A) => R) => {
    return (...args: A): R => {
      calls.push(name)
      return call(...args)
    }
  }
  const adapter: Adapter = {
    ...{ spi: 1, name: inside.name, capabilities: inside.capabilities },
    open: noted('open', (...args) => inside.open(...args)),
    route: noted('route', (...args) => inside.route(...args)),
    provision: noted('provision', (...args) => inside.provision(...args)),
    send: noted('send', (...args) => inside.send(...args)),
    consume: noted('consume', (...args) => inside.consume(...args)),
    deadLetters: noted('deadLetters', (...args) => inside.deadLetters(...args)),
    measure: noted('measure', (...args) => inside.measure(...args)),
    inspect: noted('inspect', (...args) => inside.inspect(...args)),
    close: noted('close', (...args) => inside.close(...args)),
  }
  return { adapter, calls }
}

export interface Bench extends Spied {
  readonly clock: SimulatedClock
  readonly messaging: Messaging
  /** Nothing was asked of the broker, nothing runs, nothing waits. */
  expectNothingLeft(): void
}

/** A messaging object on memory that tells what reaches its adapter. Real time drives the broker, simulated time is core's. */
export async function createBench(like: 'queue' | 'log' = 'queue', options: CommonOptions = {}): Promise<Bench> {
  const { adapter, calls } = spied(memory({ broker: createMemoryBroker({ like, maxMessageBytes: 10_000 }) }))
  const clock = createSimulatedClock()
  const messaging = await createMessaging({ ...options, adapter, clock })
  calls.length = 0
  const timers = clock.pending
  const expectNothingLeft = (): void => {
    // Taken out, so that only the test that is guilty fails.
    expect(calls.splice(0)).toEqual([])
    const { status, subscriptions, pendingPublishes } = messaging.health()
    expect({ status, subscriptions, pendingPublishes }).toEqual({
      status: 'up',
      subscriptions: [],
      pendingPublishes: 0,
    })
    expect(clock.pending).toBe(timers)
  }
  return { adapter, calls, clock, messaging, expectNothingLeft }
}
