import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { jsonCodec, type Codec } from '../../src/model/codec.js'
import { encodeText } from '../../src/model/text-bytes.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { silent } from './fake-broker.js'
import { publishing } from './publishing.js'

// Bodies that share their memory, as those of a codec for many small messages should.
const codec: Codec = { ...jsonCodec, encode: (payload) => encodeText(JSON.stringify(payload)) }
const topic = defineTopic('t', {
  schema: unchecked<unknown>(),
  key: (p) => String((p as { k?: number }).k),
  partitions: 4,
  codec,
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const used = (): number => {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('the buffer', () => {
  it('rejects at once when not even waiting is possible, by count', async () => {
    const buffer = { messages: 2, bytes: 1 << 20, waitingMessages: 3, waitingBytes: 1 << 20 }
    const { publisher } = publishing({ partitions: 4, buffer })
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, k) => publisher.publish(topic, { k })),
    )
    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      ...Array.from({ length: 5 }, () => 'rejected'),
    ])
    expect(results[5]).toMatchObject({ reason: { code: 'BUFFER_FULL', topic: 't' } })
  })

  it('shows the place of the first of a loop that awaits nothing, and not of the ten thousand after it', async () => {
    const buffer = { messages: 1, bytes: 1 << 20, waitingMessages: 0, waitingBytes: 0 }
    const { publisher } = publishing({ partitions: 4, buffer, fate: () => silent(false) })
    void publisher.publish(topic, { k: 0 }).catch(() => undefined)
    const publishThree = async (): Promise<boolean[]> => {
      const all = [1, 2, 3].map((k) => publisher.publish(topic, { k }))
      const reasons = (await Promise.allSettled(all)).map((result) => (result as PromiseRejectedResult).reason as Error)
      return reasons.map(({ stack = '' }) => stack.includes('buffer.test'))
    }
    expect(await publishThree()).toEqual([true, false, false])
    expect(await publishThree()).toEqual([true, false, false])
    publisher.abandon()
  })

  it('and by bytes', async () => {
    const buffer = { messages: 1_000, bytes: 10_000, waitingMessages: 1_000, waitingBytes: 10_000 }
    const { publisher } = publishing({ partitions: 4, buffer })
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, k) => publisher.publish(topic, { k, text: 'x'.repeat(2_000) })),
    )
    // Four inside, four that wait, and the one in front of those.
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(9)
    await publisher.publish(topic, { text: 'x'.repeat(50_000) })
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('lets small ones wait behind one that is larger than all that may wait', async () => {
    const buffer = { messages: 1_000, bytes: 10_000, waitingMessages: 1_000, waitingBytes: 10_000 }
    const { broker, publisher } = publishing({ partitions: 4, buffer })
    const sizes = [10, 20_000, 10, 10]
    await Promise.all(
      sizes.map(async (size, n) => publisher.publish(topic, { k: 1, x: 'x'.repeat(size) }, { id: `m${n}` })),
    )
    expect(broker.firsts()).toEqual(['m0', 'm1', 'm2', 'm3'])
  })

  it('lets waiting messages in as they came, whatever their size', async () => {
    const buffer = { messages: 3, bytes: 3_000, waitingMessages: 1_000, waitingBytes: 1 << 20 }
    const { broker, publisher } = publishing({ partitions: 4, buffer })
    const sizes = [10, 2_500, 10, 10, 2_500, 900, 10, 10, 5_000, 10]
    await Promise.all(
      sizes.map(async (size, n) => publisher.publish(topic, { k: 1, x: 'x'.repeat(size) }, { id: `m${n}` })),
    )
    expect(broker.firsts()).toEqual(sizes.map((_, n) => `m${n}`))
  })

  it('settles 100,000 publishes that nobody awaits, in under 64 MB', async () => {
    const { broker, publisher } = publishing({ partitions: 4 })
    await publisher.publish(topic, { k: 0 })
    broker.log.length = 0
    broker.batches.length = 0
    const atRest = used()
    const all = new Array<Promise<unknown>>(100_000)
    for (let k = 0; k < all.length; k += 1)
      all[k] = publisher.publish(topic, { k, text: 'some text of a common length' })
    const grown = used() - atRest
    const results = await Promise.allSettled(all)
    expect(grown).toBeLessThan(64_000_000)
    const stored = results.filter(({ status }) => status === 'fulfilled').length
    const full = results.filter(
      (r) => r.status === 'rejected' && (r.reason as { code: string }).code === 'BUFFER_FULL',
    ).length
    expect(stored).toBeGreaterThan(50_000)
    expect(stored + full).toBe(100_000)
    expect(broker.firsts()).toHaveLength(stored)
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('stays bounded while the broker says nothing', async () => {
    const buffer = { messages: 100, bytes: 1 << 20, waitingMessages: 0, waitingBytes: 0 }
    const { publisher } = publishing({ partitions: 4, buffer, fate: () => silent(false) })
    const first = Array.from({ length: 100 }, async (_, k) => publisher.publish(topic, { k }, { timeoutMs: 1 }))
    const codes = (await Promise.allSettled(first)).map((r) =>
      r.status === 'rejected' ? (r.reason as { code: string }).code : '',
    )
    expect(new Set(codes)).toEqual(new Set(['UNCERTAIN']))
    // Answered, but the adapter holds them still.
    await expect(publisher.publish(topic, { k: 1 })).rejects.toMatchObject({ code: 'BUFFER_FULL' })
  })
})
