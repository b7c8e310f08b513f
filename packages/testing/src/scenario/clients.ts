import { isDeepStrictEqual } from 'node:util'
import { createMessaging, type CommonOptions, type Messaging, type Middleware } from '@sluice/core'
import type { Capabilities } from '@sluice/core/spi'
import type { Harness } from '../harness.js'
import { ConformanceFailure } from './assert.js'
import type { Variant } from './variant.js'

/** The capabilities as types see them in a test: everything may be asked, refusals are looked for at run time. */
export interface AskAnything extends Capabilities {
  readonly replay: true
}

export type Client = Messaging<AskAnything>

export type ClientOptions = Omit<CommonOptions, 'clientName'>

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

export function createClients(harness: Harness, prefix: string, variant: Variant): Clients {
  const names = new Map<Client, string>()
  let opened = 0
  return {
    async open(label, options = {}) {
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
        adapter,
      })) as Client
      names.set(client, clientName)
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
