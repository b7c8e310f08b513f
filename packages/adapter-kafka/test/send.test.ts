import { describe, expect, it, vi } from 'vitest'
import { delayLevels, longestDelayMs } from '../src/delay-levels.js'
import { withoutDelay } from '../src/delayed-record.js'
import { errorCodes } from '../src/wire/error-codes.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import type { ProduceResult } from '../src/wire/port.js'
import { FakeKafka } from './fake-cluster.js'
import { openOn, send, soon } from './open-on.js'

const orders = { topic: 'orders', partition: 0 }
const ref = { topic: 'orders', group: 'mail' }

function broker(): FakeKafka {
  const kafka = new FakeKafka()
  kafka.make('orders', 2)
  return kafka
}

const storedIn = (kafka: FakeKafka, at = orders): string[] =>
  kafka.log(at).records.map(({ value }) => Buffer.from(value ?? []).toString())
const kinds = (results: readonly { readonly kind: string }[]): string => results.map(({ kind }) => kind).join(' ')
const because = (kind: 'refused' | 'uncertain' | 'unwritten', code: number): ProduceResult => ({
  ...{ kind, error: new KafkaError('said no', { kind: 'server', code }) },
})

describe('send', () => {
  it('stores a batch in its order, and says where', async () => {
    const kafka = broker()
    const { adapter } = await openOn(kafka)
    await send(adapter, { ids: ['a'] })
    expect(await send(adapter, { ids: ['b', 'c'] })).toEqual([
      { kind: 'stored', position: '1' },
      { kind: 'stored', position: '2' },
    ])
    expect(storedIn(kafka)).toEqual(['a', 'b', 'c'])
  })

  it('has one batch of a partition under way, and those of others beside it', async () => {
    const kafka = broker()
    const seen: string[] = []
    let release: (result: ProduceResult) => void = () => undefined
    kafka.fate = ({ partition }, records) => {
      seen.push(`${partition} ${records.length}`)
      if (seen.length > 1) return undefined
      return new Promise((resolve) => {
        release = resolve
      })
    }
    const { adapter } = await openOn(kafka)
    const first = send(adapter, { ids: ['a'] })
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    const second = send(adapter, { ids: ['b', 'c'] })
    expect(kinds(await send(adapter, { ids: ['x'], partition: 1 }))).toBe('stored')
    expect(seen).toEqual(['0 1', '1 1'])
    release({ kind: 'stored', baseOffset: undefined, appendedMs: undefined })
    expect(kinds([...(await first), ...(await second)])).toBe('stored stored stored')
    expect(seen).toEqual(['0 1', '1 1', '0 2'])
  })

  it('goes to the topics of a group; dead letters of all partitions lie in one', async () => {
    const kafka = broker()
    kafka.make('orders.mail.retry', 2)
    kafka.make('orders.mail.dlq', 1)
    const { adapter } = await openOn(kafka)
    await send(adapter, { ids: ['r'], to: { to: 'group', group: ref }, partition: 1 })
    await send(adapter, { ids: ['d'], to: { to: 'dead-letter', group: ref }, partition: 1 })
    expect(storedIn(kafka, { topic: 'orders.mail.retry', partition: 1 })).toEqual(['r'])
    expect(storedIn(kafka, { topic: 'orders.mail.dlq', partition: 0 })).toEqual(['d'])
  })

  it('puts what has a delay where that much waits, with what is left, where it goes then and what time it has', async () => {
    const kafka = broker()
    kafka.make('orders.mail.delay', delayLevels)
    const { adapter } = await openOn(kafka)
    await send(adapter, { ids: ['a'], to: { to: 'group', group: ref, delayMs: 0.5 }, partition: 1 })
    await send(adapter, { ids: ['b'], to: { to: 'group', group: ref, delayMs: 3_000 } })
    const waiting = [0, 3].flatMap((partition) => kafka.log({ topic: 'orders.mail.delay', partition }).records)
    expect(waiting.map((record) => withoutDelay(record)?.delay)).toEqual([
      { leftMs: 1, partition: 1, timestampMs: 1_000 },
      { leftMs: 3_000, partition: 0, timestampMs: 1_000 },
    ])
  })

  it('refuses a delay that is longer than the longest', async () => {
    const { adapter } = await openOn(broker())
    const to = { to: 'group', group: ref, delayMs: longestDelayMs + 1 } as const
    const [result] = await send(adapter, { ids: ['r'], to })
    expect(result).toMatchObject({ kind: 'refused', error: { code: 'UNSUPPORTED', scope: 'message' } })
  })

  it('writes together what waits for one partition, and tells each what became of it', async () => {
    const kafka = broker()
    const sizes: number[] = []
    let release: (result: undefined) => void = () => undefined
    kafka.fate = (to, records) => {
      sizes.push(records.length)
      if (sizes.length > 1) return undefined
      return new Promise<undefined>((resolve) => {
        release = resolve
      }).then(() => ({ kind: 'stored', baseOffset: kafka.append(to, records), appendedMs: undefined }))
    }
    const { adapter } = await openOn(kafka)
    const first = send(adapter, { ids: ['a'] })
    await vi.waitFor(() => expect(sizes).toEqual([1]))
    const others = ['b', 'c', 'd'].map((id) => send(adapter, { ids: [id] }))
    release(undefined)
    const positions = (await Promise.all([first, ...others])).flat()
    expect(positions).toEqual(['0', '1', '2', '3'].map((position) => ({ kind: 'stored', position })))
    expect(sizes).toEqual([1, 3])
    expect(storedIn(kafka)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('halves what is too large until one message alone is refused', async () => {
    const kafka = broker()
    let tries = 0
    kafka.fate = (_, records) => {
      tries += 1
      const isLarge = records.length > 4 || records.some(({ value }) => Buffer.from(value ?? []).toString() === 'big')
      return isLarge ? Promise.resolve(because('refused', errorCodes.messageTooLarge)) : undefined
    }
    const { adapter } = await openOn(kafka)
    const ids = ['a', 'b', 'c', 'big', 'd', 'e', 'f']
    const results = await send(adapter, { ids })
    expect(kinds(results)).toBe('stored stored stored refused stored stored stored')
    expect(results[3]).toMatchObject({ error: { code: 'TOO_LARGE', scope: 'message' } })
    expect(storedIn(kafka)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(tries).toBeLessThan(10)
  })

  it('writes nothing behind what is uncertain', async () => {
    const kafka = broker()
    let tries = 0
    kafka.fate = () => {
      tries += 1
      if (tries === 1) return Promise.resolve(because('refused', errorCodes.messageTooLarge))
      return tries === 2 ? Promise.resolve(because('uncertain', errorCodes.notEnoughReplicasAfterAppend)) : undefined
    }
    const { adapter } = await openOn(kafka)
    const results = await send(adapter, { ids: ['a', 'b', 'c', 'd'] })
    expect(kinds(results)).toBe('uncertain uncertain unwritten unwritten')
    expect(results[0]).toMatchObject({ error: { code: 'UNDURABLE', retryable: true } })
    expect(storedIn(kafka)).toEqual([])
    expect(kinds(await send(adapter, { ids: ['a'] }))).toBe('stored')
  })

  it('refuses all of a batch that is refused as a whole, and says that the topic may have changed', async () => {
    const kafka = broker()
    kafka.fate = () => Promise.resolve(because('refused', errorCodes.unknownTopicOrPartition))
    const { adapter, changed } = await openOn(kafka)
    const results = await send(adapter, { ids: ['a', 'b'], to: { to: 'dead-letter', group: ref } })
    expect(results).toMatchObject([{ error: { code: 'UNKNOWN_TOPIC' } }, { error: { code: 'UNKNOWN_TOPIC' } }])
    expect(changed).toEqual(['orders'])
  })

  it('reports what waits when its time is up, while the one before it has no answer', async () => {
    const kafka = broker()
    let tries = 0
    kafka.fate = () => {
      tries += 1
      return new Promise(() => undefined)
    }
    const { adapter } = await openOn(kafka)
    void send(adapter, { ids: ['a'] })
    await vi.waitFor(() => expect(tries).toBe(1))
    const [late] = await send(adapter, { ids: ['b'], timeoutMs: 30 })
    expect(late).toMatchObject({ kind: 'unwritten', error: { code: 'TIMEOUT', retryable: true } })
  })

  it('reports what it cannot begin to write, and writes the next', async () => {
    const kafka = broker()
    const { adapter } = await openOn(kafka)
    kafka.trouble = new KafkaError('connection refused', { kind: 'io', errno: 'ECONNREFUSED' })
    expect(await send(adapter, { ids: ['a'] })).toMatchObject([{ kind: 'unwritten', error: { code: 'DISCONNECTED' } }])
    kafka.trouble = undefined
    expect(kinds(await send(adapter, { ids: ['b'] }))).toBe('stored')
  })

  it('reports everything that waits when it closes, and what comes after', async () => {
    const kafka = broker()
    let release: (result: ProduceResult) => void = () => undefined
    const began = new Promise<void>((resolve) => {
      kafka.fate = () => {
        resolve()
        return new Promise((give) => {
          release = give
        })
      }
    })
    const { adapter } = await openOn(kafka)
    const first = send(adapter, { ids: ['a'] })
    await began
    const waiting = send(adapter, { ids: ['b'] })
    await adapter.close(soon())
    expect(await waiting).toMatchObject([{ kind: 'unwritten', error: { code: 'CLOSED' } }])
    expect(await send(adapter, { ids: ['c'] })).toMatchObject([{ kind: 'unwritten', error: { code: 'CLOSED' } }])
    release(because('uncertain', errorCodes.requestTimedOut))
    expect(kinds(await first)).toBe('uncertain')
  })
})
