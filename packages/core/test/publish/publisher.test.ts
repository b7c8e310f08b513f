import { describe, expect, it } from 'vitest'
import { defineTopic } from '../../src/model/topic.js'
import { unchecked } from '../../src/model/schema.js'
import { publishing } from './publishing.js'

const plain = defineTopic('plain', { schema: unchecked<{ n: number }>() })
const keyed = defineTopic('keyed', { schema: unchecked<{ n: number; k: string }>(), key: (p) => p.k })

describe('publish', () => {
  it('resolves with a receipt when the broker holds the message', async () => {
    const { broker, publisher } = publishing({ partitions: 4 })
    const receipt = await publisher.publish(
      keyed,
      { n: 1, k: 'a' },
      { id: 'x1', headers: { h: 'v' }, correlationId: 'c' },
    )
    expect(receipt).toMatchObject({ id: 'x1', topic: 'keyed', position: undefined })
    const [entry] = broker.log
    expect(entry?.partition).toBe(receipt.partition)
    expect(entry?.envelope).toMatchObject({
      id: 'x1',
      contentType: 'application/json',
      correlationId: 'c',
      type: undefined,
    })
    expect(new TextDecoder().decode(entry?.envelope.body ?? new Uint8Array())).toBe('{"n":1,"k":"a"}')
    expect(entry?.envelope.headers).toEqual([
      ['sluice-version', '1'],
      ['h', 'v'],
    ])
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('sends what is published in one tick as one batch, in order', async () => {
    const { broker, publisher } = publishing()
    await publisher.publish(plain, { n: -1 })
    const ids = Array.from({ length: 100 }, (_, n) => `m${n}`)
    await Promise.all(ids.map((id, n) => publisher.publish(plain, { n }, { id })))
    expect(broker.batches.map((batch) => batch.envelopes.length)).toEqual([1, 100])
    expect(broker.firsts().slice(1)).toEqual(ids)
  })
})
