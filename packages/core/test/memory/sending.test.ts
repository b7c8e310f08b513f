import { describe, expect, it } from 'vitest'
import { connectionLike } from '../../src/memory/index.js'
import type { Inbound, Outbound } from '../../src/spi/envelope.js'
import { codeOf, createBench, defaultGroup, ids, kinds, message, never, type Instance } from './fake-core.js'

const errorsOf = (results: ReturnType<Instance['send']>): (string | undefined)[] =>
  results.map((result) => (result !== undefined && 'error' in result ? result.error.code : undefined))

describe.each(['queue', 'log'] as const)('sending to memory like %s', (like) => {
  it('keeps the order of batches of one stream and reports each message once', async () => {
    const bench = createBench(like)
    await bench.topic()
    const one = await bench.instance()
    const results = [one.send('orders', ids(3)), one.send('orders', ids(3, 4)), one.send('orders', ids(3, 7))]
    await bench.settle()
    expect(results.flatMap(kinds)).toEqual(ids(9).map(() => 'stored'))
    expect(bench.broker.control.ids('orders')).toEqual(ids(9))
  })

  it('stores what it was handed, unchanged', async () => {
    const bench = createBench(like)
    await bench.topic()
    const one = await bench.instance()
    const { sink } = await one.consume()
    const bytes = new Uint8Array([0, 255, 128])
    const sent = message('x', {
      key: new Uint8Array(),
      body: null,
      type: 'placed',
      correlationId: 'c',
      headers: [
        ['a', 'ü'],
        ['a', bytes],
      ],
      contentType: 'application/octet-stream',
      timestampMs: 42,
    })
    one.send('orders', [sent])
    await bench.settle()
    const found = sink.find('x')
    const { core, position, failures, handovers, starts } = found
    const names = Object.keys(sent) as (keyof Outbound & keyof Inbound)[]
    expect(Object.fromEntries(names.map((name) => [name, found[name]]))).toEqual(sent)
    expect([core, failures, handovers, starts]).toEqual([undefined, 0, 0, 0])
    expect(position).toBe(like === 'log' ? '0' : undefined)
  })

  it('refuses what has no place', async () => {
    const bench = createBench(like, { maxMessageBytes: 1_000 })
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    const tooLarge = message('large', { bytes: 1_001 })
    const unknown = one.send('nowhere', ['a'])
    const partition = one.send('orders', ['b'], { partition: 2 })
    const mixed = one.send('orders', ['c', tooLarge, 'd'])
    const noGroup = one.send({ to: 'group', group: { topic: 'orders', group: 'nobody' } }, ['e'])
    const copy = one.send({ to: 'dead-letter', group: defaultGroup }, [tooLarge])
    const copyTooLarge = one.send({ to: 'group', group: defaultGroup }, [message('f', { bytes: 1_001 })])
    await bench.settle()
    expect(errorsOf(unknown)).toEqual(['UNKNOWN_TOPIC'])
    expect(errorsOf(partition)).toEqual(['TOPOLOGY_MISMATCH'])
    expect(kinds(mixed)).toEqual(['stored', 'refused', 'stored'])
    expect(errorsOf(mixed)[1]).toBe('TOO_LARGE')
    expect(errorsOf(noGroup)).toEqual(['UNROUTABLE'])
    expect(errorsOf(copy)).toEqual(['TOO_LARGE'])
    expect(errorsOf(copyTooLarge)).toEqual(['TOO_LARGE'])
    expect(bench.broker.control.ids('orders')).toEqual(['c', 'd'])
  })

  it('treats a topic without a group as declared', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { groups: [] })
    const one = await bench.instance()
    const results = one.send('orders', ['a'])
    await bench.settle()
    expect(kinds(results)).toEqual([like === 'log' ? 'stored' : 'refused'])
    expect(errorsOf(results)).toEqual([like === 'log' ? undefined : 'UNROUTABLE'])
  })

  it('lets rules decide single messages, also an uncertain one in the middle', async () => {
    const bench = createBench(like)
    await bench.topic()
    const one = await bench.instance()
    const outcomes = { b: 'refuse', c: 'uncertain-stored', d: 'uncertain-lost', e: 'duplicate' } as const
    const seen: number[] = []
    const undo = bench.broker.control.onSend(({ envelope, index }) => {
      seen.push(index)
      return outcomes[envelope.id as keyof typeof outcomes]
    })
    const results = one.send('orders', ['a', 'b', 'c', 'd', 'e', 'f'])
    await bench.settle()
    expect(kinds(results)).toEqual(['stored', 'refused', 'uncertain', 'uncertain', 'stored', 'stored'])
    expect(bench.broker.control.groupMessages(defaultGroup).map(({ id }) => id)).toEqual(['a', 'c', 'e', 'e', 'f'])
    expect(seen).toEqual([0, 1, 2, 3, 4, 5])
    undo()
    const after = one.send('orders', ['b'])
    await bench.settle()
    expect(kinds(after)).toEqual(['stored'])
  })

  it('holds up a stream behind a delayed message, and no other stream', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    const one = await bench.instance()
    bench.broker.control.onSend(({ envelope }) => (envelope.id === 'b' ? { delayMs: 100 } : undefined))
    const held = [one.send('orders', ['a', 'b', 'c']), one.send('orders', ['d'])]
    const other = one.send('orders', ['x'], { partition: 1 })
    await bench.clock.advance(99)
    const late = one.send('orders', ['e'])
    await bench.settle()
    expect(kinds(other)).toEqual(['stored'])
    expect([...held, late].flatMap(kinds)).toEqual(['stored', undefined, undefined, undefined, undefined])
    await bench.clock.advance(1)
    expect([...held, late].flatMap(kinds)).toEqual(['stored', 'stored', 'stored', 'stored', 'stored'])
    expect(bench.broker.control.groupMessages(defaultGroup, 0).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('breaks the rest of a stream like a connection until it is sent again', async () => {
    const bench = createBench(like)
    await bench.topic()
    const one = await bench.instance()
    let broken = false
    bench.broker.control.onSend(
      connectionLike(({ envelope }) => {
        if (envelope.id !== 'b' || broken) return undefined
        broken = true
        return 'uncertain-stored'
      }),
    )
    const first = [one.send('orders', ['a', 'b', 'c']), one.send('orders', ['d'])]
    await bench.settle()
    expect(first.flatMap(kinds)).toEqual(['stored', 'uncertain', 'uncertain', 'uncertain'])
    const again = one.send('orders', ['b', 'c', 'd'], { resend: true })
    await bench.settle()
    expect(kinds(again)).toEqual(['stored', 'stored', 'stored'])
    expect(bench.broker.control.groupMessages(defaultGroup).map(({ id }) => id)).toEqual(['a', 'b', 'b', 'c', 'd'])
  })

  it('waits for an answer no longer than it is told, and what it gave up never arrives', async () => {
    const bench = createBench(like)
    await bench.topic('orders', { keyed: true, partitions: 2 })
    await bench.topic('mail')
    const one = await bench.instance()
    const { control } = bench.broker
    control.block()
    const late = one.send('orders', ids(2), { timeoutMs: 1_000 })
    const behind = one.send('orders', ids(1, 3), { timeoutMs: 5_000 })
    const other = one.send('orders', ['x'], { timeoutMs: 5_000, partition: 1 })
    await bench.settle()
    const short = one.send('mail', ['y'], { timeoutMs: 10 })
    await bench.clock.advance(10)
    expect(errorsOf(short)).toEqual(['TIMEOUT'])
    await bench.clock.advance(989)
    expect([late, behind, other].flatMap(kinds)).toEqual([undefined, undefined, undefined, undefined])
    await bench.clock.advance(1)
    // With one of a stream goes all that follows it: it would overtake the repetition.
    expect([late, behind, other].flatMap(kinds)).toEqual(['uncertain', 'uncertain', 'uncertain', undefined])
    expect(errorsOf(late)).toEqual(['TIMEOUT', 'TIMEOUT'])
    const again = one.send('orders', ids(3), { resend: true, timeoutMs: 5_000 })
    control.unblock()
    await bench.settle()
    expect([other, again].flatMap(kinds)).toEqual(['stored', 'stored', 'stored', 'stored'])
    expect(control.groupMessages(defaultGroup, 0).map(({ id }) => id)).toEqual(ids(3))
    expect(bench.clock.pending).toBe(0)
    control.onSend(() => ({ delayMs: 500 }))
    const slow = one.send('orders', ids(2, 4), { timeoutMs: 100 })
    await bench.clock.advance(100)
    expect(errorsOf(slow)).toEqual(['TIMEOUT', 'TIMEOUT'])
    await bench.clock.advance(1_000)
    expect(control.groupMessages(defaultGroup, 0).map(({ id }) => id)).toEqual(ids(3))
    expect(bench.clock.pending).toBe(0)
  })

  it('has unknown topics rejected by route', async () => {
    const bench = createBench(like)
    const one = await bench.instance()
    expect(await codeOf(one.adapter.route('nowhere', never))).toBe('UNKNOWN_TOPIC')
  })
})
