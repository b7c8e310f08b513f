import { describe, expect, it } from 'vitest'
import type { Copy } from '../../src/failure/copy-sender.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import type { Outbound } from '../../src/spi/envelope.js'
import type { Destination } from '../../src/spi/sending.js'
import { refused, silent, stored, uncertain } from './fake-broker.js'
import { publishing } from './publishing.js'

const topic = defineTopic('t', { schema: unchecked<unknown>() })
const letters: Destination = { to: 'dead-letter', group: { topic: 't', group: 'g' } }

const envelope = (id: string, bytes = 200): Outbound => ({
  ...{ id, key: null, body: new Uint8Array(3), contentType: 'x/y', type: undefined, correlationId: undefined },
  ...{ headers: [['sluice-reason', 'r']], bytes, timestampMs: 1 },
})
const copy = (id: string, destination: Destination = letters): Copy => ({
  ...{ destination, partition: 3, envelope: envelope(id), timeoutMs: 1_000 },
})

describe('copies', () => {
  it('go out untouched, in order, to the partition they name, past middleware and buffer', async () => {
    const middleware = [
      {
        name: 'never',
        publish: async () => {
          throw new Error('a copy came by')
        },
      },
    ]
    const buffer = { messages: 1, bytes: 1, waitingMessages: 0, waitingBytes: 0 }
    const { broker, publisher } = publishing({ middleware, buffer, maxMessageBytes: 100 })
    const copies = ['m1', 'm2', 'm3'].map((id) => copy(id))
    await Promise.all(copies.map(async (each) => publisher.copies.send(each)))
    expect(broker.log.map((s) => s.envelope)).toEqual(copies.map((each) => each.envelope))
    expect(broker.log[0]?.envelope).toBe(copies[0]?.envelope)
    expect(broker.log[0]).toMatchObject({ destination: letters, partition: 3 })
    // Looked up, not created: the topic exists, or there would be nothing to copy.
    expect(broker.provisioned).toEqual([])
    expect(broker.routed).toEqual(['t'])
  })

  it('have streams of their own: one that stands still holds up no other', async () => {
    const clock = createSimulatedClock()
    const retry = (delayMs: number): Destination => ({ to: 'group', group: { topic: 't', group: 'g' }, delayMs })
    const { broker, publisher } = publishing({
      clock,
      outstanding: { batches: 1, messages: 1, bytes: 1 << 20 },
      fate: (_, __, batch) =>
        batch.destination.to === 'group' && batch.destination.delayMs === 5 ? silent(false) : stored,
    })
    const stuck = publisher.copies.send(copy('stuck', retry(5))).catch((error: unknown) => error)
    const free = Promise.all([publisher.copies.send(copy('a', retry(7))), publisher.copies.send(copy('b'))])
    await clock.advance(10)
    await free
    await clock.advance(1_000)
    expect(await stuck).toMatchObject({ code: 'UNCERTAIN', topic: 't', messageId: 'stuck' })
    expect(broker.firsts()).toEqual(['a', 'b'])
  })

  it('reject when they are refused, and when the topic is gone', async () => {
    const { broker, publisher } = publishing({ fate: () => refused('DENIED') })
    await expect(publisher.copies.send(copy('x'))).rejects.toMatchObject({ code: 'DENIED' })
    publisher.routeChanged('t')
    broker.failures.push(adapterError('UNKNOWN_TOPIC', 'there is no such topic'))
    await expect(publisher.copies.send(copy('y'))).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
  })

  it('begin afresh after an uncertain one, also when it is not repeated', async () => {
    const clock = createSimulatedClock()
    let fate = silent(false)
    const { broker, publisher } = publishing({ clock, fate: () => fate })
    const lost = publisher.copies.send(copy('lost')).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(await lost).toMatchObject({ code: 'UNCERTAIN' })
    broker.batches[0]?.report(0, uncertain(false).result as never)
    await clock.advance(5_000)
    fate = stored
    const next = publisher.copies.send(copy('next'))
    await clock.advance(10)
    await next
    expect(broker.batches.map(({ resend }) => resend)).toEqual([false, true])
  })
})

describe('closing', () => {
  it('refuses new publishes, lets copies through and flushes what was accepted', async () => {
    const clock = createSimulatedClock()
    const { broker, publisher } = publishing({ clock })
    const accepted = Promise.all(Array.from({ length: 20 }, async (_, n) => publisher.publish(topic, n)))
    publisher.stopNew()
    await expect(publisher.publish(topic, 1)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(publisher.publishBatch(topic, [{ payload: 1 }])).rejects.toMatchObject({ code: 'CLOSED' })
    const letter = publisher.copies.send(copy('letter'))
    const flushed = publisher.flush(new AbortController().signal)
    await clock.advance(10)
    expect(await flushed).toBe(true)
    await Promise.all([accepted, letter])
    expect(broker.log).toHaveLength(21)
    expect(publisher.abandon()).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('answers what is left: UNCERTAIN when it was written, CLOSED otherwise, and leaves no timer', async () => {
    const clock = createSimulatedClock()
    const outstanding = { batches: 1, messages: 1, bytes: 1 << 20 }
    const { publisher } = publishing({ clock, outstanding, fate: () => silent(true) })
    const all = ['written', 'queued'].map(async (id) =>
      publisher.publish(topic, 1, { id }).catch((error: unknown) => error),
    )
    const letter = publisher.copies.send(copy('letter')).catch((error: unknown) => error)
    await clock.advance(10)
    const abort = new AbortController()
    const flushed = publisher.flush(abort.signal)
    abort.abort()
    expect(await flushed).toBe(false)
    expect(publisher.pending.messages).toBe(3)
    expect(publisher.abandon()).toBe(3)
    expect(await Promise.all([...all, letter])).toMatchObject([
      { code: 'UNCERTAIN' },
      { code: 'CLOSED' },
      { code: 'UNCERTAIN' },
    ])
    await expect(publisher.copies.send(copy('late'))).rejects.toMatchObject({ code: 'CLOSED' })
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
    expect(clock.pending).toBe(0)
  })

  it('ends the search for a route', async () => {
    const clock = createSimulatedClock()
    const { broker, publisher } = publishing({ clock })
    broker.failures.push(
      ...Array.from({ length: 100 }, () => adapterError('DISCONNECTED', 'gone', { retryable: true })),
    )
    const both = [publisher.publish(topic, 1), publisher.copies.send(copy('x'))].map(async (each) =>
      each.catch((error: unknown) => error),
    )
    await clock.advance(500)
    expect(publisher.abandon()).toBe(2)
    expect(await Promise.all(both)).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED' }])
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })
})
