import { describe, expect, it } from 'vitest'
import { createSimulatedClock, type SimulatedClock } from '@sluice/core/memory'
import {
  adapterError,
  encodeUtf8,
  silentLogger,
  type Destination,
  type Outbound,
  type SendBatch,
  type SendResult,
} from '@sluice/core/spi'
import { RENEWAL_PAUSE_MS, RENEWAL_WAIT_MS } from '../src/channel-renewal.js'
import { KnownExchanges } from '../src/known-exchanges.js'
import { createNames } from '../src/names.js'
import { publishWindow, Sender } from '../src/send.js'
import type { WireMessage } from '../src/wire/port.js'
import { WireError } from '../src/wire/wire-error.js'
import { FakeLink } from './fake-wire.js'

interface SendOptions {
  readonly partition?: number
  readonly destination?: Destination
  readonly timeoutMs?: number
  readonly bytes?: number
  /** With every report. */
  readonly told?: () => void
}

interface Bench {
  readonly clock: SimulatedClock
  readonly link: FakeLink
  readonly sender: Sender
  readonly changed: string[]
  /** Sends messages with these ids; returns what has been reported, by id. */
  send(ids: readonly string[], options?: SendOptions): Record<string, string>
}

const toOrders: Destination = { to: 'topic', topic: 'orders' }

interface BenchOptions {
  readonly known?: readonly string[]
  /** Partitions of the topic that have had a message stored on the channel. */
  readonly opened?: readonly number[]
}

async function createBench({ known = ['orders'], opened = [] }: BenchOptions = {}): Promise<Bench> {
  const clock = createSimulatedClock()
  const link = new FakeLink()
  const changed: string[] = []
  const exchanges = new KnownExchanges(link)
  for (const exchange of known) exchanges.add(exchange)
  const context = {
    ...{ clientName: 'test', clock, log: silentLogger, state: () => undefined },
    routeChanged: (topic: string) => void changed.push(topic),
  }
  const sender = new Sender({ context, link, names: createNames({}), exchanges, isPartitioned: () => true })
  await link.up()
  const send: Bench['send'] = (
    ids,
    { partition = 0, destination = toOrders, timeoutMs = 30_000, bytes = 200, told } = {},
  ) => {
    const results: Record<string, string> = {}
    const report = (index: number, result: SendResult): void => {
      const id = ids[index] as string
      const text = result.kind === 'stored' ? 'stored' : `${result.kind} ${result.error.code}`
      results[id] = results[id] === undefined ? text : `${results[id]}, then ${text}`
      told?.()
    }
    const envelopes = ids.map((id) => outbound(id, bytes))
    const batch: SendBatch = { destination, partition, envelopes, resend: false, timeoutMs, report }
    sender.send(batch)
    return results
  }
  for (const partition of opened) {
    send([`first of ${partition}`], { partition })
    await clock.advance(0)
    link.channel.answer(`first of ${partition}`)
  }
  return { clock, link, sender, changed, send }
}

function outbound(id: string, bytes: number): Outbound {
  return {
    ...{ id, key: null, body: encodeUtf8('{}'), type: undefined, correlationId: undefined },
    ...{ contentType: 'application/json', timestampMs: 1_700_000_000_000, headers: [], bytes },
  }
}

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, index) => `m${from + index}`)
const lost = new WireError('reset', { kind: 'io', scope: 'connection' })

describe('publishing', () => {
  it('reports what the broker says of each, in whatever order it does', async () => {
    const { clock, link, send } = await createBench({ opened: [0] })
    const results = send(numbers(5))
    await clock.advance(0)
    expect(link.channel.published[1]).toMatchObject({ exchange: 'orders', routingKey: '0', mandatory: true })
    link.channel.answer('m3')
    expect(results).toEqual({ m3: 'stored' })
    link.channel.answer('m4', { upTo: true })
    expect(results).toEqual({ m1: 'stored', m2: 'stored', m3: 'stored', m4: 'stored' })
    link.channel.answer('m5')
    expect(results['m5']).toBe('stored')
  })

  it('finds the message that came back, also among others with its id', async () => {
    const { clock, link, send } = await createBench({ opened: [0, 1] })
    const first = send(['same', 'm2'])
    const second = send(['same'], { partition: 1 })
    await clock.advance(0)
    const { exchange, routingKey, properties } = link.channel.published.at(-1) as WireMessage
    link.channel.events.returned({ replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey, properties })
    link.channel.answer('same', { upTo: true })
    expect(first).toEqual({ same: 'stored', m2: 'stored' })
    expect(second).toEqual({ same: 'refused UNROUTABLE' })
  })

  it('takes a nack for uncertain, because another queue may hold it, and writes nothing behind it', async () => {
    const { clock, link, send } = await createBench({ opened: [0] })
    const window = send(numbers(publishWindow.messages))
    const behind = send(['behind'])
    const other = send(['other'], { partition: 1 })
    await clock.advance(0)
    link.channel.answer('m1', { ok: false })
    expect(window['m1']).toBe('uncertain REFUSED')
    expect(behind).toEqual({ behind: 'unwritten REFUSED' })
    expect(other).toEqual({})
    expect(link.channel.ids).not.toContain('behind')
  })

  describe('a channel on which a queue has refused something', () => {
    it('is replaced when everything on it is answered; nothing is written meanwhile', async () => {
      const { clock, link, send } = await createBench({ opened: [0] })
      const first = send(['m1', 'm2'])
      await clock.advance(0)
      const [refusing] = link.channels
      refusing?.answer('m1', { ok: false })
      const other = send(['other'], { partition: 1 })
      await clock.advance(0)
      expect(link.channels).toHaveLength(1)
      expect(refusing?.ids).toEqual(['first of 0', 'm1', 'm2'])

      refusing?.answer('m2')
      await clock.advance(0)
      expect(refusing?.isOpen).toBe(false)
      expect(first).toEqual({ m1: 'uncertain REFUSED', m2: 'stored' })
      expect(link.channels).toHaveLength(2)
      expect(link.channel.ids).toEqual(['other'])
      link.channel.events.confirmed(1, false, true)
      expect(other).toEqual({ other: 'stored' })
    })

    it('does not wait for ever for the rest, which is uncertain then, with what stands behind it', async () => {
      const { clock, link, send } = await createBench()
      const silent = send(['silent'], { partition: 1 })
      send(['refused'])
      await clock.advance(0)
      const [refusing] = link.channels
      refusing?.events.confirmed(2, false, false)
      const behind = send(['behind'], { partition: 1 })
      await clock.advance(RENEWAL_WAIT_MS - 1)
      expect([silent, behind]).toEqual([{}, {}])
      await clock.advance(1)
      expect(silent).toEqual({ silent: 'uncertain TIMEOUT' })
      expect(behind).toEqual({ behind: 'unwritten TIMEOUT' })
      expect(link.channels).toHaveLength(2)
      // Its answer comes too late, for a channel that is no more.
      refusing?.events.confirmed(1, false, true)
      expect(silent).toEqual({ silent: 'uncertain TIMEOUT' })
    })

    it('is not replaced again and again by a queue that goes on refusing', async () => {
      const { clock, link, send } = await createBench()
      const refuse = async (): Promise<void> => {
        send(['refused'])
        await clock.advance(0)
        link.channel.events.confirmed(link.channel.published.length, false, false)
        await clock.advance(0)
      }
      await refuse()
      expect(link.channels).toHaveLength(2)
      for (let again = 0; again < 10; again += 1) await refuse()
      expect(link.channels).toHaveLength(2)
      await clock.advance(RENEWAL_PAUSE_MS)
      await refuse()
      expect(link.channels).toHaveLength(3)
    })

    it('stays while the broker blocks, which would not hear of its end, and is used on', async () => {
      const { clock, link, send } = await createBench()
      send(['m1'])
      await clock.advance(0)
      link.block(true)
      link.channel.events.confirmed(1, false, false)
      const next = send(['next'])
      await clock.advance(RENEWAL_WAIT_MS)
      expect([link.channels.length, next]).toEqual([1, {}])
      link.block(false)
      await clock.advance(0)
      expect(link.channel.ids).toEqual(['m1', 'next'])
    })

    it('that ends by itself meanwhile is replaced once', async () => {
      const { clock, link, send } = await createBench({ opened: [0] })
      const results = send(['m1', 'm2'])
      await clock.advance(0)
      link.channel.answer('m1', { ok: false })
      link.channel.end(lost)
      await clock.advance(RENEWAL_WAIT_MS)
      expect(results).toEqual({ m1: 'uncertain REFUSED', m2: 'uncertain DISCONNECTED' })
      expect(link.channels).toHaveLength(2)
      const next = send(['next'])
      await clock.advance(0)
      link.channel.events.confirmed(1, false, true)
      expect(next).toEqual({ next: 'stored' })
    })
  })

  describe('the first message of a stream on a channel', () => {
    it('goes alone until it is stored, while other streams go on', async () => {
      const { clock, link, send } = await createBench()
      const results = [send(['a1', 'a2']), send(['b1'], { partition: 1 }), send(['a3']), send(['b2'], { partition: 1 })]
      await clock.advance(0)
      expect(link.channel.ids).toEqual(['a1', 'b1'])
      link.channel.answer('a1')
      expect(link.channel.ids).toEqual(['a1', 'b1', 'a2', 'a3'])
      link.channel.answer('b1')
      expect(link.channel.ids).toEqual(['a1', 'b1', 'a2', 'a3', 'b2'])
      link.channel.answer('b2', { upTo: true })
      const [a12, b1, a3, b2] = results
      expect({ ...a12, ...b1, ...a3, ...b2 }).toEqual(
        Object.fromEntries(['a1', 'a2', 'a3', 'b1', 'b2'].map((id) => [id, 'stored'])),
      )
    })

    it('takes what waits behind it along when it is refused, and the next one goes alone again', async () => {
      const { clock, link, send } = await createBench()
      const first = send(['a1', 'a2'])
      const second = send(['a3'])
      await clock.advance(0)
      link.channel.answer('a1', { ok: false })
      expect(first).toEqual({ a1: 'uncertain REFUSED', a2: 'unwritten REFUSED' })
      expect(second).toEqual({ a3: 'unwritten REFUSED' })
      send(['a1', 'a2', 'a3'])
      await clock.advance(0)
      expect(link.channels).toHaveLength(2)
      expect(link.channel.ids).toEqual(['a1'])
      link.channel.answer('a1')
      expect(link.channel.ids).toEqual(['a1', 'a2', 'a3'])
    })

    it('that came back has made nothing known: the next one goes alone', async () => {
      const { clock, link, send } = await createBench()
      const results = send(['a1', 'a2', 'a3'])
      await clock.advance(0)
      const { exchange, routingKey, properties } = link.channel.published[0] as WireMessage
      link.channel.events.returned({ replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey, properties })
      link.channel.answer('a1')
      expect(link.channel.ids).toEqual(['a1', 'a2'])
      link.channel.answer('a2')
      expect(link.channel.ids).toEqual(['a1', 'a2', 'a3'])
      expect(results).toEqual({ a1: 'refused UNROUTABLE', a2: 'stored' })
    })

    it('without an answer leaves what waits behind it unwritten, also what comes then', async () => {
      const { clock, link, sender, send } = await createBench()
      const first = send(['a1', 'a2'], { timeoutMs: 500 })
      await clock.advance(0)
      await clock.advance(500)
      expect(first).toEqual({ a1: 'uncertain TIMEOUT', a2: 'unwritten TIMEOUT' })
      const second = send(['a1', 'a2'], { timeoutMs: 500 })
      await clock.advance(500)
      expect(second).toEqual({ a1: 'unwritten TIMEOUT', a2: 'unwritten TIMEOUT' })
      const third = send(['a1', 'a2'], { timeoutMs: 500 })
      await clock.advance(0)
      expect(sender.pending).toBe(2)
      link.channel.answer('a1')
      expect(link.channel.ids).toEqual(['a1', 'a1', 'a2'])
      link.channel.answer('a2', { upTo: true })
      expect(third).toEqual({ a1: 'stored', a2: 'stored' })
      expect(sender.pending).toBe(0)
    })

    it('ends with its channel, and so does what waits behind it', async () => {
      const { clock, link, send } = await createBench()
      const results = send(['a1', 'a2'])
      await clock.advance(0)
      link.channel.end(lost)
      expect(results).toEqual({ a1: 'uncertain DISCONNECTED', a2: 'unwritten DISCONNECTED' })
      send(['a1', 'a2'])
      await clock.advance(0)
      expect(link.channel.ids).toEqual(['a1'])
    })

    it('is not waited for by dead letters and delays, which have no order', async () => {
      const { clock, link, send } = await createBench()
      const group = { topic: 'orders', group: 'mail' }
      send(['d1', 'd2'], { destination: { to: 'dead-letter', group } })
      send(['l1', 'l2'], { destination: { to: 'group', group, delayMs: 1_000 } })
      send(['r1', 'r2'], { destination: { to: 'group', group, delayMs: 0 } })
      await clock.advance(0)
      expect(link.channel.ids).toEqual(['d1', 'd2', 'r1', 'l1', 'l2'])
    })
  })

  it('keeps to one window of messages and bytes, over all streams', async () => {
    const { clock, link, send } = await createBench({ opened: [0, 1] })
    const written = (): number => link.channel.published.length - 2
    const { messages, bytes } = publishWindow
    send(numbers(messages - 50))
    send(numbers(200, messages - 49), { partition: 1 })
    await clock.advance(0)
    expect(written()).toBe(messages)
    link.channel.answer('m100', { upTo: true })
    expect(written()).toBe(messages + 100)
    link.channel.answer(`m${messages + 100}`, { upTo: true })
    expect(written()).toBe(messages + 150)
    link.channel.answer(`m${messages + 150}`, { upTo: true })
    send(numbers(3), { bytes: bytes / 2 })
    await clock.advance(0)
    expect(written()).toBe(messages + 152)
  })

  it('writes what waits before it tells of what was stored', async () => {
    const { clock, link, send } = await createBench({ opened: [0] })
    const seen: number[] = []
    const written = (): number => link.channel.published.length - 1
    send(numbers(publishWindow.messages + 2), { told: () => void seen.push(written()) })
    await clock.advance(0)
    link.channel.answer('m2', { upTo: true })
    expect(seen).toEqual([publishWindow.messages + 2, publishWindow.messages + 2])
  })

  it('says unwritten of what certainly never left, uncertain of the rest, when the connection is lost', async () => {
    const { clock, link, send } = await createBench({ opened: [0] })
    const results = send(numbers(publishWindow.messages + 2))
    await clock.advance(0)
    link.channel.answer('m1')
    link.down(lost)
    expect(results['m1']).toBe('stored')
    expect(results['m2']).toBe('uncertain DISCONNECTED')
    expect(results[`m${publishWindow.messages + 1}`]).toBe('uncertain DISCONNECTED')
    expect(results[`m${publishWindow.messages + 2}`]).toBe('unwritten DISCONNECTED')
    const later = send(['later'])
    await clock.advance(0)
    expect(later).toEqual({ later: 'unwritten DISCONNECTED' })
    // What the old channel says is about nobody any more.
    link.channels[0]?.events.confirmed(2, false, true)
    expect(results['m2']).toBe('uncertain DISCONNECTED')
  })

  it('begins again on a new channel, with new tags', async () => {
    const { clock, link, send } = await createBench()
    send(numbers(2))
    await clock.advance(0)
    link.channel.end(new WireError('oops', { kind: 'server', scope: 'channel', replyCode: 541 }))
    await clock.advance(0)
    expect(link.channels).toHaveLength(2)
    const results = send(['m3'])
    await clock.advance(0)
    link.channel.events.confirmed(1, false, true)
    expect(results).toEqual({ m3: 'stored' })
  })

  it('tells what has no answer in time, and hears nothing of it afterwards', async () => {
    const { clock, link, send } = await createBench({ opened: [0] })
    const results = send(numbers(publishWindow.messages + 1), { timeoutMs: 500 })
    await clock.advance(499)
    expect(results).toEqual({})
    await clock.advance(1)
    expect(results['m1']).toBe('uncertain TIMEOUT')
    expect(results[`m${publishWindow.messages + 1}`]).toBe('unwritten TIMEOUT')
    link.channel.answer(`m${publishWindow.messages}`, { upTo: true })
    expect(results['m1']).toBe('uncertain TIMEOUT')
    expect(link.channel.published).toHaveLength(1 + publishWindow.messages)
  })

  it('writes nothing while the broker takes nothing', async () => {
    const { clock, link, send } = await createBench()
    link.block(true)
    const results = send(['m1'])
    await clock.advance(1_000)
    expect(link.channel.published).toEqual([])
    link.block(false)
    expect(link.channel.ids).toEqual(['m1'])
    link.channel.events.confirmed(1, false, true)
    expect(results).toEqual({ m1: 'stored' })
  })

  it('reports everything when it is closed, and takes nothing more', async () => {
    const { clock, sender, send } = await createBench()
    const results = send(['m1'])
    await clock.advance(0)
    sender.close()
    expect(results).toEqual({ m1: 'uncertain CLOSED' })
    const later = send(['m2'])
    expect(later).toEqual({})
    await clock.advance(0)
    expect(later).toEqual({ m2: 'unwritten CLOSED' })
    expect(clock.pending).toBe(0)
  })
})

describe('an exchange', () => {
  it('is asked for before its first use, once, while others are published to', async () => {
    const { clock, link, send } = await createBench()
    let found = (): void => undefined
    link.check = () => new Promise((resolve) => (found = resolve))
    const unknown: Destination = { to: 'topic', topic: 'fresh' }
    send(['f1'], { destination: unknown })
    send(['f2'], { destination: unknown })
    send(['m1'])
    await clock.advance(0)
    expect(link.channel.ids).toEqual(['m1'])
    found()
    await clock.advance(0)
    expect(link.channel.ids).toEqual(['m1', 'f1'])
    link.channel.answer('f1')
    expect(link.channel.ids).toEqual(['m1', 'f1', 'f2'])
    expect(link.checked).toEqual(['fresh'])
  })

  it('that is missing has its own publishes refused, and no others', async () => {
    const { clock, link, changed, send } = await createBench()
    link.check = () => Promise.reject(adapterError('UNKNOWN_TOPIC', 'no exchange', { scope: 'topic' }))
    const refused = send(['f1'], { destination: { to: 'topic', topic: 'missing' } })
    const stored = send(['m1'])
    await clock.advance(0)
    link.channel.events.confirmed(1, false, true)
    expect([refused, stored]).toEqual([{ f1: 'refused UNKNOWN_TOPIC' }, { m1: 'stored' }])
    expect(changed).toEqual(['missing'])
  })

  it('that somebody deletes ends the channel once, and is asked for again', async () => {
    const { clock, link, send } = await createBench()
    const results = send(['m1'])
    await clock.advance(0)
    const text = "NOT_FOUND - no exchange 'orders' in vhost '/'"
    link.channel.end(new WireError(text, { kind: 'server', scope: 'channel', replyCode: 404 }))
    expect(results).toEqual({ m1: 'uncertain UNKNOWN_TOPIC' })
    link.check = () => Promise.reject(adapterError('UNKNOWN_TOPIC', 'no exchange', { scope: 'topic' }))
    const again = send(['m1'])
    await clock.advance(0)
    expect(again).toEqual({ m1: 'refused UNKNOWN_TOPIC' })
    expect(link.channel.published).toEqual([])
  })
})

describe('copies', () => {
  it('go to one queue, over the default exchange', async () => {
    const { clock, link, send } = await createBench()
    const group = { topic: 'orders', group: 'mail' }
    send(['r'], { destination: { to: 'group', group }, partition: 3 })
    send(['d'], { destination: { to: 'dead-letter', group } })
    await clock.advance(0)
    expect(link.channel.published.map(({ exchange, routingKey }) => [exchange, routingKey])).toEqual([
      ['', 'orders.mail:3'],
      ['', 'orders.mail.dlq'],
    ])
  })
})
