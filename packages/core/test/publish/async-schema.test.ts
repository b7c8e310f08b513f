import { describe, expect, it } from 'vitest'
import type { SchemaResult, StandardSchema } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { partitionOf } from '../../src/kit/murmur2.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { publishing } from './publishing.js'

interface Payload {
  name: string
  afterMs: number
}

/** A schema that needs as long as the payload says, and refuses the name "wrong". */
function slowSchema(clock = createSimulatedClock()): {
  readonly schema: StandardSchema<Payload>
  readonly clock: typeof clock
  seen: string[]
} {
  const seen: string[] = []
  const validate = async (value: unknown): Promise<SchemaResult<Payload>> => {
    const payload = value as Payload
    await new Promise<void>((resolve) => void clock.after(payload.afterMs, resolve))
    seen.push(payload.name)
    return payload.name === 'wrong' ? { issues: [{ message: 'is wrong', path: ['name'] }] } : { value: payload }
  }
  return { schema: { '~standard': { version: 1, vendor: 'test', validate } }, clock, seen }
}

describe('a schema that validates asynchronously', () => {
  it('keeps the order of the calls, and later messages of the topic wait', async () => {
    const { schema, clock } = slowSchema()
    const topic = defineTopic('slow', { schema, key: (payload) => payload.name.slice(0, 1) })
    const { broker, publisher } = publishing({ clock, partitions: 4 })
    const all = [
      publisher.publish(topic, { name: 'a1', afterMs: 300 }),
      publisher.publish(topic, { name: 'a2', afterMs: 10 }),
      publisher.publish(topic, { name: 'b1', afterMs: 0 }),
    ]
    await clock.advance(200)
    expect(broker.log).toEqual([])
    await clock.advance(200)
    await Promise.all(all)
    const names = broker.log.map(
      ({ envelope }) => (JSON.parse(Buffer.from(envelope.body ?? []).toString()) as Payload).name,
    )
    expect(names.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2'])
    expect(names).toHaveLength(3)
  })

  it('validates and sends a copy that was made in the call, also the first time', async () => {
    const { schema, clock, seen } = slowSchema()
    const topic = defineTopic('slow', { schema, key: (payload) => payload.name })
    const { broker, publisher } = publishing({ clock })
    for (const round of ['first', 'second']) {
      const payload = { name: round, afterMs: 50 }
      const receipt = publisher.publish(topic, payload)
      payload.name = 'wrong'
      await clock.advance(100)
      await receipt
    }
    const keys = broker.log.map(({ envelope }) => Buffer.from(envelope.key ?? []).toString())
    expect(keys).toEqual(['first', 'second'])
    expect(seen.filter((name) => name === 'wrong')).toHaveLength(1)
  })

  it('goes to the partition of the key, which is known only then', async () => {
    const { schema, clock } = slowSchema()
    const topic = defineTopic('slow', { schema, key: (payload) => payload.name })
    const { publisher } = publishing({ clock, partitions: 64 })
    const names = Array.from({ length: 20 }, (_, n) => `name-${n}`)
    for (const name of names) {
      const receipt = publisher.publish(topic, { name, afterMs: 5 })
      await clock.advance(10)
      expect((await receipt).partition).toBe(partitionOf(Buffer.from(name), 64))
    }
  })

  it('rejects a wrong payload alone', async () => {
    const { schema, clock } = slowSchema()
    const topic = defineTopic('slow', { schema })
    const { broker, publisher } = publishing({ clock })
    const wrong = publisher.publish(topic, { name: 'wrong', afterMs: 100 }).catch((error: unknown) => error)
    const right = publisher.publish(topic, { name: 'right', afterMs: 0 })
    await clock.advance(200)
    expect(await wrong).toMatchObject({ code: 'INVALID_PAYLOAD', issues: [{ path: 'name', message: 'is wrong' }] })
    await right
    expect(broker.log).toHaveLength(1)
    expect(publisher.pending).toEqual({ messages: 0, bytes: 0 })
  })

  it('is held to the deadline, and those behind go on', async () => {
    const { schema, clock } = slowSchema()
    const topic = defineTopic('slow', { schema })
    const { publisher } = publishing({ clock })
    const stuck = publisher
      .publish(topic, { name: 'a', afterMs: 1e9 }, { timeoutMs: 500 })
      .catch((error: unknown) => error)
    const next = publisher.publish(topic, { name: 'b', afterMs: 0 })
    await clock.advance(600)
    expect(await stuck).toMatchObject({ code: 'TIMEOUT' })
    await next
  })

  it('rejects what cannot be copied', async () => {
    const { schema, clock } = slowSchema()
    const topic = defineTopic('slow', { schema })
    const { publisher } = publishing({ clock })
    const error = publisher.publish(topic, { name: 'a', afterMs: 0, f: () => 1 })
    await expect(error).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' })
  })
})
