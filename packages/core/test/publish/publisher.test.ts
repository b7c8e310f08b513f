import { describe, expect, it } from 'vitest'
import type { SluiceError } from '../../src/errors/sluice-error.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { bytesCodec } from '../../src/model/codec.js'
import { unchecked, type StandardSchema } from '../../src/model/schema.js'
import { defineTopic, type AnyTopic } from '../../src/model/topic.js'
import { refused } from './fake-broker.js'
import { publishing } from './publishing.js'

interface Order {
  readonly k: string
  readonly n?: number
}

const plain = defineTopic('plain', { schema: unchecked<unknown>() })
const keyed = defineTopic('keyed', { schema: unchecked<Order>(), key: (order) => order.k })
const erased = defineTopic('erased', { schema: unchecked<Order>(), key: (order) => order.k, tombstones: true })
const typed = defineTopic('typed', { types: { placed: unchecked<Order>(), paid: unchecked<Order>() } })
const raw = defineTopic('raw', { schema: unchecked<Uint8Array>(), codec: bytesCodec })

/** Refuses what has no number, and turns the rest into another form. */
const numbered: StandardSchema<{ n: unknown }, { n: number; id: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { n } = value as { n: unknown }
      if (typeof n !== 'number') return { issues: [{ message: 'must be a number', path: ['n'] }] }
      return { value: { n, id: `id-${n}` } }
    },
  },
}
const checked = defineTopic('checked', { schema: numbered, key: (output) => output.id })

const text = (bytes: Uint8Array | null | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array())

async function failure(promise: Promise<unknown>): Promise<SluiceError> {
  return promise.then(
    () => {
      throw new Error('it resolved')
    },
    (error: unknown) => error as SluiceError,
  )
}

describe('publish', () => {
  it('resolves with a receipt when the broker holds the message', async () => {
    const { broker, publisher } = publishing({ partitions: 4 })
    const options = { id: 'x1', headers: { h: 'v' }, correlationId: 'c' }
    const receipt = await publisher.publish(keyed, { k: 'a', n: 1 }, options)
    expect(receipt).toEqual({ id: 'x1', topic: 'keyed', partition: broker.log[0]?.partition, position: undefined })
    const envelope = broker.log[0]?.envelope
    expect(envelope).toMatchObject({ id: 'x1', contentType: 'application/json', correlationId: 'c', type: undefined })
    expect(text(envelope?.body)).toBe('{"k":"a","n":1}')
    expect(text(envelope?.key)).toBe('a')
    expect(envelope?.headers).toEqual([
      ['sluice-version', '1'],
      ['h', 'v'],
    ])
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('sends what is published in one tick as one batch, in order', async () => {
    const { broker, publisher } = publishing()
    await publisher.publish(plain, -1)
    const ids = Array.from({ length: 100 }, (_, n) => `m${n}`)
    await Promise.all(ids.map(async (id, n) => publisher.publish(plain, n, { id })))
    expect(broker.batches.map((batch) => batch.envelopes.length)).toEqual([1, 100])
    expect(broker.firsts().slice(1)).toEqual(ids)
  })

  it('sends a full batch again when a hundred callers go on after their receipts', async () => {
    const { broker, publisher } = publishing({ outstanding: { batches: 1, messages: 1_000, bytes: 1 << 20 } })
    const work = async (): Promise<void> => {
      for (let n = 0; n < 5; n += 1) await publisher.publish(plain, n)
    }
    await Promise.all(Array.from({ length: 100 }, work))
    expect(broker.batches.map((batch) => batch.envelopes.length)).toEqual([100, 100, 100, 100, 100])
  })

  it('lets those who were just answered into the next batch', async () => {
    const { broker, publisher } = publishing({ outstanding: { batches: 1, messages: 1_000, bytes: 1 << 20 } })
    const twice = async (): Promise<void> => {
      await publisher.publish(plain, 1)
      await publisher.publish(plain, 2)
    }
    const callers = Array.from({ length: 10 }, twice)
    while (broker.batches.length === 0) await new Promise((resolve) => process.nextTick(resolve))
    const meanwhile = Array.from({ length: 10 }, async () => publisher.publish(plain, 3))
    await Promise.all([...callers, ...meanwhile])
    expect(broker.batches.map((batch) => batch.envelopes.length)).toEqual([10, 20])
  })

  it('keeps inside what may be out', async () => {
    const outstanding = { batches: 2, messages: 10, bytes: 100_000 }
    const { broker, publisher } = publishing({ outstanding })
    await Promise.all(Array.from({ length: 500 }, async (_, n) => publisher.publish(plain, n)))
    expect(broker.violations).toEqual([])
    expect(broker.mostOut.messages).toBe(10)
  })

  it('spreads messages without key, and sends those of a key to its partition', async () => {
    const { broker, publisher } = publishing({ partitions: 4 })
    await Promise.all(Array.from({ length: 1_000 }, async (_, n) => publisher.publish(plain, n)))
    expect(new Set(broker.log.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]))
    broker.log.length = 0
    await Promise.all(['a', 'b', 'a', 'a'].map(async (k) => publisher.publish(keyed, { k })))
    const partitions = new Set(broker.log.filter(({ envelope }) => text(envelope.key) === 'a').map((s) => s.partition))
    expect(partitions.size).toBe(1)
  })

  it('sends everything to stream 0 where the broker maps keys itself', async () => {
    const { broker, publisher } = publishing({ partitions: 0 })
    const receipts = await Promise.all(['a', 'b', 'c'].map(async (k) => publisher.publish(keyed, { k })))
    expect(receipts.map(({ partition }) => partition)).toEqual([0, 0, 0])
    expect(broker.batches).toHaveLength(1)
  })

  it('numbers messages in ascending order', async () => {
    const { publisher } = publishing()
    const receipts = await Promise.all(Array.from({ length: 10_000 }, async (_, n) => publisher.publish(plain, n)))
    const ids = receipts.map(({ id }) => id)
    expect(new Set(ids).size).toBe(10_000)
    expect(ids).toEqual([...ids].toSorted())
  })

  it('takes the wall time for the time stamp and nothing else', async () => {
    const clock = createSimulatedClock({ wall: 1_000_000 })
    const { broker, publisher } = publishing({ clock })
    const receipt = publisher.publish(plain, 1)
    clock.setWall(50)
    await clock.advance(1)
    await receipt
    expect(broker.log[0]?.envelope.timestampMs).toBe(1_000_000)
  })

  it('encodes in the call: later changes have no effect', async () => {
    const { broker, publisher } = publishing()
    const payload = { k: 'before', n: 1 }
    const headers = { h: 'before' }
    const bytes = Buffer.from('before')
    const key = Buffer.from('before')
    const all = [publisher.publish(keyed, payload, { headers, key }), publisher.publish(raw, bytes)]
    payload.k = 'after'
    headers.h = 'after'
    bytes.write('AFTER!')
    key.write('AFTER!')
    await Promise.all(all)
    const [first, second] = broker.log
    expect(text(first?.envelope.body)).toBe('{"k":"before","n":1}')
    expect(first?.envelope.headers).toContainEqual(['h', 'before'])
    expect(text(first?.envelope.key)).toBe('before')
    expect(text(second?.envelope.body)).toBe('before')
  })

  it('writes what was passed in and takes the key from what the schema made of it', async () => {
    const { broker, publisher } = publishing()
    await publisher.publish(checked, { n: 7 })
    expect(text(broker.log[0]?.envelope.body)).toBe('{"n":7}')
    expect(text(broker.log[0]?.envelope.key)).toBe('id-7')
  })

  it('sends a tombstone without body, with the key of the options', async () => {
    const { broker, publisher } = publishing()
    await publisher.publish(erased, null, { key: 'gone' })
    expect(broker.log[0]?.envelope.body).toBeNull()
    expect(text(broker.log[0]?.envelope.key)).toBe('gone')
    expect((await failure(publisher.publish(erased, null))).code).toBe('INVALID_KEY')
    await publisher.publish(plain, null)
    expect(text(broker.log[1]?.envelope.body)).toBe('null')
  })

  it('writes the type of a topic with several', async () => {
    const { broker, publisher } = publishing()
    await publisher.publish(typed, { k: 'a' }, { type: 'paid' })
    expect(broker.log[0]?.envelope.type).toBe('paid')
  })

  it('rejects with what the broker refused', async () => {
    for (const code of ['REFUSED', 'UNROUTABLE', 'TOO_LARGE', 'DENIED', 'UNDURABLE'] as const) {
      const { publisher } = publishing({ fate: () => refused(code) })
      const error = await failure(publisher.publish(plain, 1, { id: 'x' }))
      expect(error).toMatchObject({ code, topic: 'plain', messageId: 'x', cause: { code } })
    }
  })

  it('rejects what is larger than the broker takes, and goes on', async () => {
    const { broker, publisher } = publishing({ maxMessageBytes: 1_000 })
    const error = failure(publisher.publish(plain, 'x'.repeat(1_000)))
    const receipt = publisher.publish(plain, 'small')
    expect((await error).code).toBe('TOO_LARGE')
    await receipt
    expect(broker.log).toHaveLength(1)
  })

  const circular: { self?: unknown } = {}
  circular.self = circular
  const lone = '\ud800'
  const wrong: readonly [string, AnyTopic, unknown, object | undefined, string, string | undefined][] = [
    ['an unknown option', plain, 1, { heders: {} }, 'UNKNOWN_OPTION', 'options.heders'],
    ['options that are none', plain, 1, [], 'INVALID_OPTION', 'options'],
    ['a type on a topic with one schema', plain, 1, { type: 'x' }, 'UNKNOWN_OPTION', 'options.type'],
    ['no type', typed, { k: 'a' }, undefined, 'UNKNOWN_TYPE', 'options.type'],
    ['an unknown type', typed, { k: 'a' }, { type: 'toString' }, 'UNKNOWN_TYPE', 'options.type'],
    ['a key without key function', plain, 1, { key: 'a' }, 'INVALID_KEY', 'options.key'],
    ['a key of another kind', keyed, { k: 'a' }, { key: 5 }, 'INVALID_KEY', 'key'],
    ['a key that is computed as undefined', keyed, {}, undefined, 'INVALID_KEY', 'key'],
    ['a key with a lone surrogate', keyed, { k: lone }, undefined, 'INVALID_KEY', 'key'],
    ['a key function that throws', keyed, null, undefined, 'INVALID_KEY', 'key'],
    ['an empty id', plain, 1, { id: '' }, 'INVALID_ID', 'options.id'],
    ['an id with a space', plain, 1, { id: 'a b' }, 'INVALID_ID', 'options.id'],
    ['an id of 201 characters', plain, 1, { id: 'x'.repeat(201) }, 'INVALID_ID', 'options.id'],
    ['a header that is no text', plain, 1, { headers: { h: 1 } }, 'INVALID_HEADER', 'options.headers["h"]'],
    ['a header name with a colon', plain, 1, { headers: { 'a:b': 'x' } }, 'INVALID_HEADER', 'options.headers["a:b"]'],
    ['a reserved header', plain, 1, { headers: { 'Sluice-x': 'x' } }, 'INVALID_HEADER', 'options.headers["Sluice-x"]'],
    ['an ill-formed correlation id', plain, 1, { correlationId: lone }, 'INVALID_OPTION', 'options.correlationId'],
    ['a negative timeout', plain, 1, { timeoutMs: -1 }, 'INVALID_OPTION', 'options.timeoutMs'],
    ['a timeout of another kind', plain, 1, { timeoutMs: '1' }, 'INVALID_OPTION', 'options.timeoutMs'],
    ['a signal that is none', plain, 1, { signal: {} }, 'INVALID_OPTION', 'options.signal'],
    ['a payload against the schema', checked, { n: 'x' }, undefined, 'INVALID_PAYLOAD', 'payload'],
    ['a circular payload', plain, circular, undefined, 'NOT_SERIALIZABLE', 'payload'],
    ['a BigInt', plain, { n: 1n }, undefined, 'NOT_SERIALIZABLE', 'payload'],
    ['undefined', plain, undefined, undefined, 'NOT_SERIALIZABLE', 'payload'],
    ['a function', plain, () => 1, undefined, 'NOT_SERIALIZABLE', 'payload'],
    ['a topic that is only a name', 'plain' as unknown as AnyTopic, 1, undefined, 'INVALID_OPTION', 'topic'],
    ['no topic', undefined as unknown as AnyTopic, 1, undefined, 'INVALID_OPTION', 'topic'],
  ]
  it.each(wrong)('rejects %s before any I/O', async (_, topic, payload, options, code, field) => {
    const { broker, publisher } = publishing()
    const error = await failure(publisher.publish(topic, payload, options))
    expect(error).toMatchObject({ code, field })
    expect(broker.provisioned).toEqual([])
    expect(broker.batches).toEqual([])
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('says what is wrong with a payload, field by field, and keeps the cause of a key function', async () => {
    const { publisher } = publishing()
    const error = await failure(publisher.publish(checked, { n: 'x' }))
    expect(error.issues).toEqual([{ path: 'n', message: 'must be a number' }])
    expect((await failure(publisher.publish(keyed, null))).cause).toBeInstanceOf(TypeError)
  })

  it('takes a throwing adapter for uncertain and writes again', async () => {
    const { broker, publisher } = publishing()
    const send = broker.send.bind(broker)
    let throws = true
    broker.send = (batch) => {
      if (!throws) send(batch)
      else {
        throws = false
        throw new Error('out of order')
      }
    }
    await publisher.publish(plain, 1)
    expect(broker.batches.map(({ resend }) => resend)).toEqual([true])
  })
})
