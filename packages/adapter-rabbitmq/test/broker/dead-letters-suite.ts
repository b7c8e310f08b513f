import type { Rabbit } from '@sluice/brokers'
import { systemClock, type DeadLetterBox, type GroupRef, type StoredLetter } from '@sluice/core/spi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDeadLetters } from '../../src/dead-letters.js'
import { ExclusiveLocks } from '../../src/exclusive-locks.js'
import type { Link } from '../../src/link.js'
import { createNames } from '../../src/names.js'
import { freshName, openLinks, publishAll, soon } from './real-broker.js'

const names = createNames({})
const group = 'billing'

export function deadLettersSuite(rabbit: () => Rabbit): void {
  describe('dead letters at a broker', () => {
    /** `count` letters, with bodies of `size` bytes. */
    async function letters(count: number, size = 20): Promise<GroupRef> {
      const ref = { topic: freshName(), group }
      const { publish } = await openLinks(rabbit())
      await publish.onChannel(
        (channel) =>
          channel.declareQueue(names.deadLetters(ref.topic, group), {
            durable: true,
            arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2_147_483_647 },
          }),
        soon(),
      )
      await add(publish, ref, 0, count, size)
      return ref
    }

    async function add(publish: Link, ref: GroupRef, from: number, count: number, size = 20): Promise<void> {
      const ids = Array.from({ length: count }, (_, index) => String(from + index))
      const content = Buffer.alloc(size, 'x')
      await publishAll(publish, { exchange: '', routingKey: names.deadLetters(ref.topic, group) }, ids, content)
    }

    /** As another process would, on a connection of its own. */
    async function reader(): Promise<{ link: Link; open(ref: GroupRef): Promise<DeadLetterBox> }> {
      const { consume: link } = await openLinks(rabbit())
      const locks = new ExclusiveLocks(link, systemClock)
      const open = async (ref: GroupRef): Promise<DeadLetterBox> => {
        const box = await openDeadLetters({ link, locks, names, clock: systemClock }, ref, soon())
        onTestFinished(() => box.close())
        return box
      }
      return { link, open }
    }

    const ids = (found: readonly StoredLetter[]): number[] => found.map(({ id }) => Number(id))
    const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index)
    const ready = async (ref: GroupRef): Promise<number | undefined> =>
      (await rabbit().queue(names.deadLetters(ref.topic, group)))?.ready

    it('are read oldest first, page by page, and again by somebody else', async () => {
      const ref = await letters(250)
      const { open } = await reader()
      const box = await open(ref)
      const first = await box.read(undefined, 100, soon())
      const second = await box.read(first.at(-1)?.cursor, 100, soon())
      const third = await box.read(second.at(-1)?.cursor, 100, soon())
      expect([first, second, third].map(ids)).toEqual([upTo(100), upTo(100, 100), upTo(50, 200)])
      expect(await box.read(third.at(-1)?.cursor, 100, soon())).toEqual([])
      expect(ids(await box.read(first[9]?.cursor, 3, soon()))).toEqual([10, 11, 12])
      await box.close()
      const next = await (await reader()).open(ref)
      expect(ids(await next.read(first.at(-1)?.cursor, 5, soon()))).toEqual([100, 101, 102, 103, 104])
      await next.close()
      expect(await ready(ref)).toBe(250)
    })

    it('belong to one box at a time', async () => {
      const ref = await letters(1)
      const one = await reader()
      const other = await reader()
      const box = await one.open(ref)
      await expect(one.open(ref)).rejects.toMatchObject({ code: 'BUSY' })
      await expect(other.open(ref)).rejects.toMatchObject({ code: 'BUSY', retryable: true, scope: 'group' })
      await box.close()
      await box.close()
      await expect(box.read(undefined, 1, soon())).rejects.toMatchObject({ code: 'CLOSED' })
      expect(ids(await (await other.open(ref)).read(undefined, 5, soon()))).toEqual([0])
      await expect(one.open({ topic: freshName(), group })).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
    })

    it('stay as they are, however often they are read and however the reader ends', async () => {
      const ref = await letters(300)
      const { open } = await reader()
      for (let round = 0; round < 40; round += 1) {
        const box = await open(ref)
        expect(ids(await box.read(undefined, 1 + ((round * 7) % 50), soon()))).toEqual(upTo(1 + ((round * 7) % 50)))
        await box.close()
        expect(await ready(ref)).toBe(300)
      }
      for (let round = 0; round < 5; round += 1) {
        const lost = await reader()
        await (await lost.open(ref)).read(undefined, 10 * round, soon())
        lost.link.drop('as a process that ends')
        await expect.poll(() => ready(ref)).toBe(300)
      }
      expect(ids(await (await open(ref)).read(undefined, 400, soon()))).toEqual(upTo(300))
    })

    it('that are removed never come back, whether the connection is cut or the broker is killed at once', async () => {
      const ref = await letters(400)
      await rabbit().saveDeclarations()
      const { link, open } = await reader()
      const box = await open(ref)
      const all = await box.read(undefined, 400, soon())
      const gone = new Set<number>()
      const remove = async (which: (id: number) => boolean): Promise<void> => {
        const chosen = all.filter(({ id }) => which(Number(id)) && !gone.has(Number(id)))
        await box.remove(chosen, soon())
        for (const { id } of chosen) gone.add(Number(id))
      }
      const left = (): number[] => upTo(400).filter((id) => !gone.has(id))

      await remove((id) => id < 50)
      link.drop('right behind the first ones')
      expect(ids(await box.read(undefined, 500, soon()))).toEqual(left())
      await remove((id) => id % 7 === 0)
      link.drop('right behind single ones, all over the queue')
      expect(ids(await box.read(undefined, 500, soon()))).toEqual(left())
      await remove((id) => id % 5 === 0)
      await rabbit().node.kill()
      await rabbit().node.start()
      expect(ids(await box.read(undefined, 500, soon()))).toEqual(left())
      expect(ids(await box.read(all[10]?.cursor, 2, soon()))).toEqual([51, 52])
      await box.remove(all, soon())
      expect(await box.read(undefined, 500, soon())).toEqual([])
      await box.close()
      expect(await ready(ref)).toBe(0)
    })

    it('are removed although the connection is cut again and again meanwhile', async () => {
      const ref = await letters(600)
      const { link, open } = await reader()
      const box = await open(ref)
      const all = await box.read(undefined, 600, soon())
      const odd = all.filter(({ id }) => Number(id) % 2 === 1)
      const removing = box.remove(odd, soon())
      // The first before anything of it can have come to the broker, the others as it happens.
      let cuts = 0
      const cut = (): void => {
        if (cuts >= 4 || link.session === undefined) return
        cuts += 1
        link.drop('in the middle')
      }
      cut()
      const timer = setInterval(cut, 60)
      onTestFinished(() => clearInterval(timer))
      await removing
      expect(cuts).toBeGreaterThan(0)
      clearInterval(timer)
      expect(ids(await box.read(undefined, 600, soon()))).toEqual(upTo(600).filter((id) => id % 2 === 0))
      await box.close()
      expect(await ready(ref)).toBe(300)
    })

    it('that come while the box is open are behind the others', async () => {
      const ref = await letters(3)
      const { publish } = await openLinks(rabbit())
      const box = await (await reader()).open(ref)
      const [first, ...others] = await box.read(undefined, 10, soon())
      expect(ids(others)).toEqual([1, 2])
      await add(publish, ref, 3, 3)
      expect(ids(await box.read(others.at(-1)?.cursor, 10, soon()))).toEqual([3, 4, 5])
      await box.remove(first === undefined ? [] : [first], soon())
      await add(publish, ref, 0, 1)
      // Alike to the one that was removed, and another one.
      expect(ids(await box.read(undefined, 10, soon()))).toEqual([1, 2, 3, 4, 5, 0])
    })

    it('with more in them than there is room for are read whole, and again from the start', async () => {
      const ref = await letters(60, 1024 * 1024)
      const box = await (await reader()).open(ref)
      const seen: number[] = []
      for (let after: string | undefined; ;) {
        const page = await box.read(after, 7, soon())
        if (page.length === 0) break
        expect(page.every(({ body }) => body?.length === 1024 * 1024)).toBe(true)
        seen.push(...ids(page))
        after = page.at(-1)?.cursor
      }
      expect(seen).toEqual(upTo(60))
      expect(ids(await box.read(undefined, 3, soon()))).toEqual([0, 1, 2])
    })
  })
}
