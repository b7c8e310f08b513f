import type { Rabbit } from '@sluice/brokers'
import { systemClock } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { ExclusiveLocks } from '../../src/exclusive-locks.js'
import type { Link } from '../../src/link.js'
import { createNames } from '../../src/names.js'
import { Starts } from '../../src/starts.js'
import { freshName, openLinks, publishAll, soon } from './real-broker.js'

const names = createNames({})

export function startsSuite(rabbit: () => Rabbit): void {
  describe('recorded starts at a broker', () => {
    async function process(): Promise<{ starts: Starts; consume: Link; publish: Link }> {
      const { consume, publish } = await openLinks(rabbit())
      const locks = new ExclusiveLocks(consume, systemClock)
      const starts = new Starts({ consumeLink: consume, publishLink: publish, locks, names, clock: systemClock })
      return { starts, consume, publish }
    }

    it('are none without a record, are replaced, and are taken back', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const { starts } = await process()
      expect(await starts.load(group, soon())).toEqual(new Map())
      await starts.store(group, 'id:a', 0, soon())
      await starts.store(group, 'id:a', 1, soon())
      await starts.store(group, 'id:b', 1, soon())
      await starts.store(group, 'id:a', 2, soon())
      const other = await process()
      const found = { 'id:a': 2, 'id:b': 1 }
      expect(Object.fromEntries(await other.starts.load(group, soon()))).toEqual(found)
      await other.starts.store(group, 'id:a', 0, soon())
      expect(Object.fromEntries(await starts.load(group, soon()))).toEqual({ 'id:b': 1 })
      expect(await starts.load({ ...group, group: 'other' }, soon())).toEqual(new Map())
    })

    it('survive the process that recorded them, seen by the next one at once', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const next = await process()
      for (let round = 1; round <= 15; round += 1) {
        const killed = await process()
        await killed.starts.store(group, 'id:a', round, soon())
        // While it reads, half of the times: what it holds then must not be missing for the next one.
        if (round % 2 === 0) killed.starts.load(group, soon()).catch(() => undefined)
        killed.consume.drop('as a process that ends')
        killed.publish.drop('as a process that ends')
        expect(Object.fromEntries(await next.starts.load(group, soon()))).toEqual({ 'id:a': round })
      }
    })

    it('of many groups and processes are kept apart, and none is lost', async () => {
      const topic = freshName()
      const processes = [await process(), await process(), await process()]
      const groups = ['one', 'two', 'three'].map((group) => ({ topic, group }))
      await Promise.all(
        processes.flatMap(({ starts }, index) =>
          groups.map(async (group) => {
            for (let count = 1; count <= 3; count += 1) await starts.store(group, `id:${index}`, count, soon())
          }),
        ),
      )
      for (const group of groups) {
        const found = await processes[0]?.starts.load(group, soon())
        expect(Object.fromEntries(found ?? [])).toEqual({ 'id:0': 3, 'id:1': 3, 'id:2': 3 })
      }
    })

    it('are read while the first of a group is recorded: no connection ends by that', async () => {
      const processes = [await process(), await process()]
      const sessions = processes.map(({ consume }) => consume.session)
      for (let round = 0; round < 25; round += 1) {
        const group = { topic: freshName(), group: 'billing' }
        const stored = processes[round % 2]?.starts.store(group, 'id:a', 1, soon())
        // For about as long as it takes to make a quorum queue.
        const read = async ({ starts }: { readonly starts: Starts }): Promise<void> => {
          for (let reads = 0; reads < 12; reads += 1) await starts.load(group, soon())
        }
        await Promise.all([stored, ...processes.map(read)])
        for (const { starts } of processes)
          expect(Object.fromEntries(await starts.load(group, soon()))).toEqual({ 'id:a': 1 })
      }
      expect(processes.map(({ consume }, index) => consume.session === sessions[index])).toEqual([true, true])
    })

    it('are recorded through lost connections', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const { starts, consume, publish } = await process()
      for (let round = 1; round <= 10; round += 1) {
        const stored = starts.store(group, 'id:a', round, soon())
        setTimeout(() => (round % 2 === 0 ? consume : publish).drop('in the middle'), round * 3)
        await stored
        expect(Object.fromEntries(await starts.load(group, soon()))).toEqual({ 'id:a': round })
      }
    })

    it('are appended by many while others read, and what says nothing any more does not stay', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const [one, two, reader] = [await process(), await process(), await process()]
      await one.starts.store(group, 'id:open', 1, soon())
      let writing = true
      const reads: number[] = []
      const reading = (async () => {
        while (writing) reads.push((await reader.starts.load(group, soon())).get('id:open') ?? 0)
      })()
      await Promise.all(
        [one, two].map(async ({ starts }, index) => {
          for (let n = 0; n < 150; n += 1) {
            await starts.store(group, `id:${index}-${n}`, 1, soon())
            await starts.store(group, `id:${index}-${n}`, 0, soon())
          }
        }),
      )
      writing = false
      await reading
      expect(new Set(reads)).toEqual(new Set([1]))
      expect(Object.fromEntries(await reader.starts.load(group, soon()))).toEqual({ 'id:open': 1 })
      const left = await rabbit().queue(names.guard(group.topic, group.group))
      expect(left?.ready).toBe(1)
    })

    it('that nobody reads are tidied by those who write them', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const { starts } = await process()
      for (let n = 0; n < 100; n += 1) {
        await starts.store(group, `id:${n}`, 1, soon())
        await starts.store(group, `id:${n}`, 0, soon())
      }
      const queue = names.guard(group.topic, group.group)
      await expect.poll(async () => (await rabbit().queue(queue))?.ready).toBe(0)
    })

    it('count the larger of two records, and leave alone what is none', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const { starts, publish } = await process()
      await starts.store(group, 'id:a', 3, soon())
      const to = { exchange: '', routingKey: names.guard(group.topic, group.group) }
      for (const text of ['{"format":1,"identity":"id:a","starts":2}', 'no record', '[]', 'null']) {
        await publishAll(publish, to, ['x'], Buffer.from(text))
      }
      expect(Object.fromEntries(await starts.load(group, soon()))).toEqual({ 'id:a': 3 })
      await starts.store(group, 'id:a', 0, soon())
      expect(await starts.load(group, soon())).toEqual(new Map())
    })

    it('can be read and not written while the broker takes no publishes', async () => {
      const group = { topic: freshName(), group: 'billing' }
      const { starts } = await process()
      await starts.store(group, 'id:a', 1, soon())
      await rabbit().memoryAlarm(true)
      try {
        await expect(starts.store(group, 'id:a', 2, soon(1_500))).rejects.toMatchObject({ code: 'TIMEOUT' })
        expect((await starts.load(group, soon())).get('id:a')).toBeGreaterThanOrEqual(1)
      } finally {
        await rabbit().memoryAlarm(false)
      }
      await starts.store(group, 'id:a', 3, soon())
      expect(Object.fromEntries(await starts.load(group, soon()))).toEqual({ 'id:a': 3 })
    })
  })
}
