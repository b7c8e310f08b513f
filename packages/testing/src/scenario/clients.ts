import { isDeepStrictEqual } from 'node:util'
import { createMessaging, type Clock, type CommonOptions, type Messaging, type Middleware } from '@sluice/core'
import type { Adapter, Capabilities } from '@sluice/core/spi'
import type { Harness } from '../harness.js'
import { ConformanceFailure } from './assert.js'
import type { Disturbances } from './disturbances.js'
import type { Variant } from './variant.js'

/** The capabilities as types see them in a test: everything may be asked, refusals are looked for at run time. */
export interface AskAnything extends Capabilities {
  readonly replay: true
}

export type Client = Messaging<AskAnything>

export interface ClientOptions extends Omit<CommonOptions, 'clientName'> {
  /** Of the adapter alone: it lives with a broker whose time nobody can change. @default the clock of core */
  readonly adapterClock?: Clock
}

/** The messaging objects of one test. */
export interface Clients {
  open(label: string, options?: ClientOptions): Promise<Client>
  /** The `clientName` of a messaging object, which is also its instance in the history. */
  nameOf(client: Client): string
  readonly all: readonly Client[]
}

const noop: Middleware = {
  name: 'no-op',
  publish: (_message, next) => next(),
  consume: (_message, _delivery, next) => next(),
}

export function createClients(harness: Harness, prefix: string, variant: Variant, disturbances: Disturbances): Clients {
  const names = new Map<Client, string>()
  let opened = 0
  return {
    async open(label, { adapterClock, ...options } = {}) {
      const clientName = `${prefix}-${label}-${++opened}`
      const adapter = harness.createAdapter({ clientName })
      if (!isDeepStrictEqual(adapter.capabilities, harness.capabilities)) {
        throw new ConformanceFailure('the adapter declares other capabilities than its harness')
      }
      const { middleware = [] } = options
      const client = (await createMessaging({
        ...options,
        clientName,
        middleware: variant === 'middleware' ? [noop, ...middleware] : middleware,
        adapter: adapterClock === undefined ? adapter : withClock(adapter, adapterClock),
      })) as Client
      names.set(client, clientName)
      disturbances.watch(clientName, client)
      return client
    },
    nameOf(client) {
      const name = names.get(client)
      if (name === undefined) throw new TypeError('the scenario did not make this messaging object')
      return name
    },
    get all() {
      return [...names.keys()]
    },
  }
}

/** The methods of an adapter belong to it. */
function withClock(inner: Adapter, clock: Clock): Adapter {
  const open: Adapter['open'] = (context, signal) => inner.open({ ...context, clock }, signal)
  return new Proxy(inner, {
    get(target, name) {
      if (name === 'open') return open
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
