import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import type { Middleware, OutgoingMessage } from '../../src/model/middleware.js'
import type { Receipt } from '../../src/model/message.js'
import type { Tracer } from '../../src/model/trace.js'
import { refused, silent } from './fake-broker.js'
import { publishing } from './publishing.js'

const topic = defineTopic('t', { schema: unchecked<{ n: number; waitMs?: number }>(), key: () => 'k' })

const header = (name: string): Middleware => ({
  name,
  publish: async (message, next) => {
    message.setHeader('trail', `${message.headers['trail'] ?? ''}${name}`)
    return next()
  },
})

describe('middleware', () => {
  it('runs from the outermost to the innermost and sees the message as it is sent', async () => {
    const seen: unknown[] = []
    const look: Middleware = {
      name: 'look',
      publish: async (message, next) => {
        const { id, topic: name, type, headers } = message
        seen.push({ id, name, type, headers, key: Buffer.from(message.key ?? []).toString() })
        const receipt = await next()
        seen.push(receipt.id)
        return receipt
      },
    }
    const { broker, publisher } = publishing({
      middleware: [header('a'), { name: 'consumer only' }, header('b'), look],
    })
    await publisher.publish(topic, { n: 1 }, { id: 'x', headers: { own: '1' } })
    expect(seen).toEqual([{ id: 'x', name: 't', type: undefined, headers: { own: '1', trail: 'ab' }, key: 'k' }, 'x'])
    const envelope = broker.log[0]?.envelope
    expect(envelope?.headers).toContainEqual(['trail', 'ab'])
    await publisher.publish(topic, { n: 1 }, { id: 'y' })
    // The header counts.
    expect(broker.log[1]?.envelope.bytes).toBe((envelope?.bytes ?? 0) - 'own1'.length - 8)
  })

  it('may take its time: the place in the order is that of the call', async () => {
    const clock = createSimulatedClock()
    const slow: Middleware = {
      name: 'slow',
      publish: async (message, next) => {
        const { waitMs = 0 } = JSON.parse(Buffer.from(message.body ?? []).toString()) as { waitMs?: number }
        await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
        return next()
      },
    }
    const { broker, publisher } = publishing({ clock, middleware: [slow] })
    const waits = [300, 0, 100, 5]
    const all = Promise.all(waits.map(async (waitMs, n) => publisher.publish(topic, { n, waitMs }, { id: `m${n}` })))
    await clock.advance(299)
    expect(broker.log).toEqual([])
    await clock.advance(20)
    await all
    expect(broker.firsts()).toEqual(['m0', 'm1', 'm2', 'm3'])
  })

  it('that throws or answers by itself takes the message out, and those behind go on', async () => {
    const own: Receipt = { id: 'own', topic: 't', partition: 9, position: undefined }
    const choosy: Middleware = {
      name: 'choosy',
      publish: async (message, next) => {
        await Promise.resolve()
        if (message.id === 'throws') throw new Error('not this one')
        return message.id === 'answers' ? own : next()
      },
    }
    const { broker, publisher } = publishing({ middleware: [choosy] })
    const [threw, answered, passed] = await Promise.allSettled(
      ['throws', 'answers', 'passes'].map(async (id) => publisher.publish(topic, { n: 1 }, { id })),
    )
    expect(threw).toMatchObject({ status: 'rejected', reason: { message: 'not this one' } })
    expect(answered).toEqual({ status: 'fulfilled', value: own })
    expect(passed).toMatchObject({ status: 'fulfilled', value: { id: 'passes' } })
    expect(broker.firsts()).toEqual(['passes'])
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('gets a typed error for a second next(), a header that comes too late, and no receipt', async () => {
    const caught: unknown[] = []
    const clumsy: Middleware = {
      name: 'clumsy',
      publish: async (message, next) => {
        const receipt = await next()
        await next().catch((error: unknown) => caught.push(error))
        try {
          message.setHeader('late', '1')
        } catch (error) {
          caught.push(error)
        }
        return receipt
      },
    }
    const { broker, publisher } = publishing({ middleware: [clumsy] })
    await publisher.publish(topic, { n: 1 })
    expect(caught).toMatchObject([
      { code: 'INVALID_OPTION', field: 'middleware' },
      { code: 'INVALID_HEADER', field: 'late' },
    ])
    expect(broker.log).toHaveLength(1)
    const nothing: Middleware = { name: 'nothing', publish: async () => undefined as unknown as Receipt }
    const silentOne = publishing({ middleware: [nothing] })
    await expect(silentOne.publisher.publish(topic, { n: 1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    expect(silentOne.broker.log).toEqual([])
  })

  it('may let go of what next() returns: the rejection bothers nobody', async () => {
    const careless: Middleware = {
      name: 'careless',
      publish: async (message, next) => {
        void next()
        void next()
        return { id: message.id, topic: 't', partition: 0, position: undefined }
      },
    }
    const { publisher } = publishing({ middleware: [careless], fate: () => refused() })
    await publisher.publish(topic, { n: 1 })
    expect(await publisher.flush(AbortSignal.timeout(5_000))).toBe(true)
  })

  it('that never ends is left behind at the deadline, and can send nothing afterwards', async () => {
    const clock = createSimulatedClock()
    let go: (() => void) | undefined
    const late: unknown[] = []
    const stuck: Middleware = {
      name: 'stuck',
      publish: async (_, next) => {
        await new Promise<void>((resolve) => {
          go = resolve
        })
        return next().catch((error: unknown) => {
          late.push(error)
          throw error
        })
      },
    }
    const { broker, publisher } = publishing({ clock, middleware: [stuck] })
    const error = publisher.publish(topic, { n: 1 }, { timeoutMs: 100 }).catch((thrown: unknown) => thrown)
    await clock.advance(100)
    expect(await error).toMatchObject({ code: 'TIMEOUT' })
    go?.()
    await clock.advance(100)
    expect(late).toMatchObject([{ code: 'ABORTED' }])
    expect(broker.log).toEqual([])
  })

  it('is told about the end: refused, or uncertain at the deadline', async () => {
    const clock = createSimulatedClock()
    const told: unknown[] = []
    const listener: Middleware = {
      name: 'listener',
      publish: async (_, next) =>
        next().catch((error: unknown) => {
          told.push((error as { code: unknown }).code)
          throw error
        }),
    }
    for (const fate of [refused(), silent(true)]) {
      const { publisher } = publishing({ clock, middleware: [listener], fate: () => fate })
      const error = publisher.publish(topic, { n: 1 }, { timeoutMs: 100 }).catch((thrown: unknown) => thrown)
      await clock.advance(200)
      expect(told).toContain(((await error) as { code: unknown }).code)
    }
    expect(told).toEqual(['REFUSED', 'UNCERTAIN'])
  })

  it('makes a message too large: TOO_LARGE', async () => {
    const big: Middleware = {
      name: 'big',
      publish: async (message, next) => {
        message.setHeader('big', 'x'.repeat(2_000))
        return next()
      },
    }
    const { broker, publisher } = publishing({ middleware: [big], maxMessageBytes: 1_000 })
    await expect(publisher.publish(topic, { n: 1 })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(broker.log).toEqual([])
  })
})

describe('a tracer', () => {
  it('sets headers and is told the end once', async () => {
    const ends: unknown[] = []
    const tracer: Tracer = {
      published: (message: OutgoingMessage) => {
        message.setHeader('traceparent', `00-${message.id}`)
        return { end: (error) => ends.push((error as { code?: unknown } | undefined)?.code) }
      },
      delivered: () => undefined,
    }
    const { broker, publisher } = publishing({
      tracer,
      fate: ({ id }) => (id === 'bad' ? refused() : { isStored: true, result: { kind: 'stored' } }),
    })
    await publisher.publish(topic, { n: 1 }, { id: 'good' })
    await publisher.publish(topic, { n: 1 }, { id: 'bad' }).catch(() => undefined)
    expect(broker.log[0]?.envelope.headers).toContainEqual(['traceparent', '00-good'])
    expect(ends).toEqual([undefined, 'REFUSED'])
  })

  it('that throws disturbs nothing', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const starts = publishing({ tracer: { published: broken, delivered: () => undefined } })
    await starts.publisher.publish(topic, { n: 1 })
    const ends = publishing({ tracer: { published: () => ({ end: broken }), delivered: () => undefined } })
    await ends.publisher.publish(topic, { n: 1 })
    expect(ends.publisher.pending.messages).toBe(0)
  })
})
