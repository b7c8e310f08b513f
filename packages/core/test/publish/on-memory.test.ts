import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../src/model/logger.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { connectionLike, createMemoryBroker, memory, type MemoryBroker } from '../../src/memory/index.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { createPublisher, type Publisher } from '../../src/publish/publisher.js'
import { createRouteTable } from '../../src/publish/route-table.js'
import { defaultBuffer } from './publishing.js'

const topic = defineTopic('orders', {
  schema: unchecked<{ k: number; n: number }>(),
  key: (p) => String(p.k),
  groups: ['g'],
})
const lonely = defineTopic('lonely', { schema: unchecked<number>() })

interface Setting {
  readonly broker: MemoryBroker
  readonly publisher: Publisher
  readonly clock: ReturnType<typeof createSimulatedClock>
}

async function setting(like: 'queue' | 'log'): Promise<Setting> {
  const clock = createSimulatedClock()
  const broker = createMemoryBroker({ like })
  const adapter = memory({ broker })
  const publisher = createPublisher({
    ...{ adapter, clock, log: silentLogger, buffer: defaultBuffer, publishTimeoutMs: 30_000 },
    ...{ publishOrder: 'pipelined', middleware: [], tracer: undefined },
    routes: createRouteTable({ adapter, clock, topology: 'declare' }),
  })
  const context = {
    ...{ clientName: 'test', clock, log: silentLogger },
    state: (side: 'publish' | 'consume', state: 'ready' | 'blocked' | 'lost' | 'connecting') => {
      if (side === 'publish') publisher.sideState(state)
    },
    routeChanged: (name: string) => publisher.routeChanged(name),
  }
  const opened = adapter.open(context, new AbortController().signal)
  await clock.advance(100)
  await opened
  return { broker, publisher, clock }
}

describe.each(['queue', 'log'] as const)('publishing to memory like a %s', (like) => {
  it('stores what it says, in the order of each key, while the connection breaks again and again', async () => {
    const { broker, publisher, clock } = await setting(like)
    let sent = 0
    const rule = connectionLike(() => {
      sent += 1
      if (sent % 17 === 0) return 'uncertain-lost'
      return sent % 29 === 0 ? 'uncertain-stored' : 'store'
    })
    broker.control.onSend(rule)
    const keys = 7
    let stored = 0
    const count = (): void => void (stored += 1)
    for (let n = 0; n < 700; n += 1) {
      void publisher.publish(topic, { k: n % keys, n }, { id: `m${n}` }).then(count)
      if (n % 50 === 0) await clock.advance(3)
    }
    await clock.runUntil(() => publisher.pending.messages === 0, 30_000)
    expect(stored).toBe(700)
    const firsts = [...new Set(broker.control.ids('orders'))].map((id) => Number(id.slice(1)))
    expect(firsts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 700 }, (_, n) => n))
    for (let k = 0; k < keys; k += 1) {
      const own = firsts.filter((n) => n % keys === k)
      expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
  })

  it('creates the groups that a topic names before its first message', async () => {
    const { broker, publisher, clock } = await setting(like)
    const receipt = publisher.publish(topic, { k: 1, n: 1 })
    await clock.advance(100)
    await receipt
    expect(broker.control.depth({ topic: 'orders', group: 'g' })).toBe(1)
  })

  it('says of a topic without groups what the broker does with its messages', async () => {
    const { publisher, clock } = await setting(like)
    const answer = publisher.publish(lonely, 1).then(
      () => 'stored',
      (error: unknown) => (error as { readonly code: string }).code,
    )
    await clock.advance(1_000)
    expect(await answer).toBe(like === 'queue' ? 'UNROUTABLE' : 'stored')
  })
})
