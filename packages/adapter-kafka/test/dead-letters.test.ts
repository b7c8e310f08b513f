import type { DeadLetterBox } from '@sluice/core/spi'
import { describe, expect, it, vi } from 'vitest'
import { FakeKafka } from './fake-cluster.js'
import { atEnd, openOn, send, soon, topologyOf } from './open-on.js'

const ref = { topic: 'orders', group: 'mail' }

async function broker(ids: readonly string[]) {
  const kafka = new FakeKafka()
  const { adapter } = await openOn(kafka)
  await adapter.provision(topologyOf(2, ['mail']), 'declare', soon())
  if (ids.length > 0) await send(adapter, { ids, to: { to: 'dead-letter', group: ref }, partition: 1 })
  const open = async (): Promise<DeadLetterBox> => {
    const box = await adapter.deadLetters(ref, soon())
    atEnd(() => box.close())
    return box
  }
  return { kafka, adapter, open }
}

const idsOf = async (box: DeadLetterBox, after?: string, limit = 100): Promise<readonly (string | undefined)[]> =>
  (await box.read(after, limit, soon())).map(({ id }) => id)

describe('dead letters', () => {
  it('are read in their order, page by page, as often as one likes', async () => {
    const many = Array.from({ length: 120 }, (_, index) => `m${index}`)
    const { open } = await broker(many)
    const box = await open()
    const pages: (string | undefined)[] = []
    for (let after: string | undefined; ;) {
      const page = await box.read(after, 33, soon())
      if (page.length === 0) break
      pages.push(...page.map(({ id }) => id))
      after = page.at(-1)?.cursor
    }
    expect(pages).toEqual(many)
    expect(await idsOf(box)).toEqual(many.slice(0, 100))
  })

  it('that were removed are never read again, by nobody', async () => {
    const { kafka, open } = await broker(['a', 'b', 'c', 'd'])
    const box = await open()
    const letters = await box.read(undefined, 10, soon())
    await box.remove([letters[0], letters[2]] as never, soon())
    expect(await idsOf(box)).toEqual(['b', 'd'])
    await box.close()
    const again = await open()
    expect(await idsOf(again)).toEqual(['b', 'd'])
    expect(await idsOf(again, letters[1]?.cursor)).toEqual(['d'])
    await again.remove([letters[1]] as never, soon())
    expect(kafka.group('orders.mail.removed').committed({ topic: 'orders.mail.dlq', partition: 0 }).offset).toBe(3)
  })

  it('that were removed, with all before them, are gone from the topic too', async () => {
    const { kafka, open } = await broker(['a', 'b', 'c', 'd'])
    const box = await open()
    const letters = await box.read(undefined, 10, soon())
    await box.remove([letters[2]] as never, soon())
    expect(kafka.log({ topic: 'orders.mail.dlq', partition: 0 }).start).toBe(0)
    await box.remove([letters[0], letters[1]] as never, soon())
    await vi.waitFor(() => expect(kafka.log({ topic: 'orders.mail.dlq', partition: 0 }).start).toBe(3))
    expect(await idsOf(box)).toEqual(['d'])
    await box.close()
    // The broker has forgotten where it got to.
    kafka.group('orders.mail.removed').offsets.clear()
    const again = await open()
    await again.remove(await again.read(undefined, 10, soon()), soon())
    await vi.waitFor(() => expect(kafka.log({ topic: 'orders.mail.dlq', partition: 0 }).start).toBe(4))
  })

  it('are open in one place at a time', async () => {
    const { open } = await broker(['a'])
    const box = await open()
    await expect(open()).rejects.toMatchObject({ code: 'BUSY', retryable: true })
    expect(await idsOf(box)).toEqual(['a'])
    await box.close()
    await box.close()
    expect(await idsOf(await open())).toEqual(['a'])
    await expect(box.read(undefined, 1, soon())).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('of whose right to them has ended are read no more', async () => {
    const { kafka, open } = await broker(['a'])
    const box = await open()
    kafka.group('orders.mail.removed').members[0]?.lose()
    await expect(box.read(undefined, 1, soon())).rejects.toMatchObject({ code: 'TIMEOUT', scope: 'group' })
  })

  it('whose places have no room in what can be remembered stay where they are', async () => {
    const { open } = await broker(Array.from({ length: 4_000 }, (_, index) => `m${index}`))
    const box = await open()
    const letters = await box.read(undefined, 4_000, soon())
    const odd = letters.filter((_, index) => index % 2 === 1)
    await expect(box.remove(odd, soon())).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await idsOf(box, undefined, 5_000)).toHaveLength(4_000)
    await box.remove(letters, soon())
    expect(await idsOf(box)).toEqual([])
  })

  it('of a group that does not exist are a typed error', async () => {
    const { adapter } = await broker([])
    const missing = adapter.deadLetters({ topic: 'orders', group: 'nobody' }, soon())
    await expect(missing).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC', scope: 'group' })
  })
})

describe('measure', () => {
  it('counts what is not done, in all that the group reads, and its dead letters', async () => {
    const { adapter, open } = await broker(['d1', 'd2'])
    await send(adapter, { ids: ['a', 'b'] })
    await send(adapter, { ids: ['c'], partition: 1 })
    await send(adapter, { ids: ['r'], to: { to: 'group', group: ref }, partition: 1 })
    const measured = await adapter.measure(ref, soon())
    expect(measured).toEqual({
      ...{ backlog: 4, unsettled: undefined, oldestMs: undefined, deadLetters: 2 },
      partitions: [
        { partition: 0, backlog: 2 },
        { partition: 1, backlog: 2 },
      ],
    })
    const box = await open()
    await box.remove((await box.read(undefined, 2, soon())).slice(1), soon())
    expect(await adapter.measure(ref, soon())).toMatchObject({ deadLetters: 1 })
  })

  it('of a group that does not exist is a typed error', async () => {
    const { adapter } = await broker([])
    for (const group of [
      { topic: 'orders', group: 'nobody' },
      { topic: 'nothing', group: 'mail' },
    ])
      await expect(adapter.measure(group, soon())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
  })
})

describe('inspect', () => {
  it('judges what a message can be lost by', async () => {
    const { kafka, adapter } = await broker([])
    const configs = {
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'true',
      'cleanup.policy': 'compact',
    }
    kafka.topics.set('orders', { topic: 'orders', partitions: 2, replicas: 1, configs })
    const findings = await adapter.inspect(topologyOf(2), soon())
    expect(findings.map(({ id, level }) => `${id} ${level}`)).toEqual([
      'replicas error',
      'min-insync-replicas error',
      'unclean-leader-election error',
      'cleanup-policy warning',
    ])
    expect(await adapter.inspect({ topics: [] }, soon())).toEqual([])
  })
})
