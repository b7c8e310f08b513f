import { createMessaging, defineTopic, unchecked, type Messaging } from '@sluice/core'
import { waitFor } from '../../../measure/wait-for.js'
import { documentsOf, indexOf, type Document } from '../../../broker/document.js'

const group = 'bench'
const everyMs = 10
const bytes = 256

export interface SteadyLoad {
  readonly messaging: Messaging
  /** How many have been handled, each counted once. */
  readonly handled: number
  /** When the next message is handled that nobody has handled before, on the clock of the process. */
  readonly nextDelivery: () => Promise<number>
  /** Resolves when everything that was published by now has been handled. */
  readonly caughtUp: () => Promise<void>
  /** Ends it, and proves that nothing is missing that was stored. */
  readonly close: () => Promise<void>
}

export interface SteadyLoadOptions {
  readonly url: string
  readonly heartbeatSeconds: number
}

/** An application that publishes a message every 10 ms and handles it, with keys and 8 partitions, whatever happens to its broker. */
export async function openSteadyLoad({ url, heartbeatSeconds }: SteadyLoadOptions): Promise<SteadyLoad> {
  const { rabbitmq } = await import('@sluice/adapter-rabbitmq')
  const messaging = await createMessaging({ adapter: rabbitmq({ url, heartbeatSeconds }) })
  const schema = unchecked<Document>()
  const topic = defineTopic('steady', { schema, groups: [group], partitions: 8, key: ({ customer }) => customer })
  await messaging.provision([topic])
  const handled = new Set<number>()
  const stored = new Set<number>()
  let waiting: ((atMs: number) => void)[] = []
  const subscription = await messaging.subscribe(topic, { group }, ({ payload }) => {
    const place = indexOf(payload)
    if (handled.has(place)) return
    handled.add(place)
    const resolvers = waiting
    waiting = []
    for (const resolve of resolvers) resolve(performance.now())
  })
  await waitFor('all partitions are claimed', () => subscription.stats().partitions.length === 8)

  const documentOf = documentsOf(bytes)
  let next = 0
  const unstored: string[] = []
  const timer = setInterval(() => {
    const place = next++
    messaging.publish(topic, documentOf(place)).then(
      () => stored.add(place),
      (error: unknown) => unstored.push(String(error)),
    )
  }, everyMs)

  const caughtUp = (): Promise<void> => {
    const upTo = next
    return waitFor('what was published is handled', () => handled.size + unstored.length >= upTo)
  }
  return {
    messaging,
    get handled() {
      return handled.size
    },
    nextDelivery: () => new Promise((resolve) => waiting.push(resolve)),
    caughtUp,
    close: async () => {
      clearInterval(timer)
      await caughtUp()
      await messaging.close()
      const missing = [...stored].filter((place) => !handled.has(place))
      if (missing.length > 0) throw new Error(`${missing.length} messages were stored and never handled`)
      if (unstored.length > 0) throw new Error(`${unstored.length} publishes were given up: ${unstored[0] ?? ''}`)
    },
  }
}
