import { startRabbit, type Rabbit, type RabbitOptions } from '@sluice/brokers'
import { silentLogger, systemClock, type AdapterContext, type Side } from '@sluice/core/spi'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Link } from '../../src/link.js'
import { ReconnectingLink } from '../../src/reconnecting-link.js'
import { createAmqplibWire } from '../../src/wire/amqplib/wire.js'
import type { WireTarget } from '../../src/wire/port.js'

/** One node for all tests of a file. */
export function ownRabbit(options: RabbitOptions = {}): () => Rabbit {
  let rabbit: Rabbit | undefined
  beforeAll(async () => {
    rabbit = await startRabbit(options)
  })
  afterAll(() => rabbit?.close())
  return () => {
    if (rabbit === undefined) throw new Error('the broker has not started')
    return rabbit
  }
}

const context: AdapterContext = {
  clientName: 'test',
  clock: systemClock,
  log: silentLogger,
  state: () => undefined,
  routeChanged: () => undefined,
}

/** Like the process of an application: a connection for each side, which ends with the test. */
export async function openLinks(rabbit: Rabbit, target: Partial<WireTarget> = {}): Promise<Record<Side, Link>> {
  const links = { publish: linkTo(rabbit, 'publish', target), consume: linkTo(rabbit, 'consume', target) }
  onTestFinished(async () => {
    const signal = AbortSignal.timeout(30_000)
    await Promise.all([links.publish.close(signal), links.consume.close(signal)])
  })
  await Promise.all([links.publish.open(soon()), links.consume.open(soon())])
  return links
}

function linkTo(rabbit: Rabbit, side: Side, target: Partial<WireTarget>): Link {
  const { host, port } = rabbit.node
  const targets = [
    {
      ...{ host, port, vhost: '/', username: 'guest', password: 'guest', tls: undefined },
      ...{ heartbeatSeconds: 5, connectTimeoutMs: 30_000, connectionName: `test ${side}` },
      ...target,
    },
  ]
  return new ReconnectingLink({ side, wire: createAmqplibWire(systemClock), context, targets })
}

export const soon = (ms = 60_000): AbortSignal => AbortSignal.timeout(ms)

let names = 0

/** Of a topic that no other test has. */
export const freshName = (prefix = 'topic'): string => `${prefix}-${process.pid}-${(names += 1)}`

/** Resolves when the broker has confirmed all of them. */
export async function publishAll(
  link: Link,
  to: { readonly exchange: string; readonly routingKey: string },
  ids: readonly string[],
  content: Uint8Array = Buffer.from('{}'),
): Promise<void> {
  const { connection } = await link.whenUp(soon())
  let missing = ids.length
  await new Promise<void>((resolve, reject) => {
    const confirmed = new Set<number>()
    let last = 0
    const opening = connection.openConfirmChannel({
      confirmed: (tag, multiple, ok) => {
        if (!ok) reject(new Error('the broker has refused a message'))
        for (let one = multiple ? last + 1 : tag; one <= tag; one += 1) {
          if (confirmed.has(one)) continue
          confirmed.add(one)
          missing -= 1
        }
        while (confirmed.delete(last + 1)) last += 1
        if (missing === 0) resolve(opening.then((channel) => channel.close()))
      },
      returned: ({ replyText }) => reject(new Error(replyText)),
      closed: (reason) => reject(reason),
    })
    opening.then((channel) => {
      for (const messageId of ids) {
        const properties = { messageId, deliveryMode: 2 }
        channel.publishConfirmed({ ...to, mandatory: true, properties, content })
      }
    }, reject)
  })
}
