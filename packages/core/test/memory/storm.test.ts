import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim, Consumer } from '../../src/spi/consuming.js'
import type { Inbound } from '../../src/spi/envelope.js'
import { createBench, defaultGroup, FakeSink, kinds, never, type Instance } from './fake-core.js'

const partitions = 3

/** What can happen, and to which of the clients. */
const step = fc.record({
  act: fc.constantFrom(
    'send',
    'send',
    'send',
    'done',
    'done',
    'done',
    'drop',
    'freeze',
    'thaw',
    'kill',
    'join',
    'leave',
    'restart',
    'rewind',
    'hold',
    'wait',
  ),
  which: fc.nat(9),
  ms: fc.constantFrom(0, 5, 60, 400, 1_200),
})

interface Member {
  readonly instance: Instance
  readonly consumer: Consumer
  readonly sink: FakeSink
  frozen: boolean
}

describe.each(['queue', 'log'] as const)('a storm of faults over memory like %s', (like) => {
  it('loses nothing, keeps order and never has two owners', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const bench = createBench(like, { sessionMs: 1_000, heartbeatMs: 300 })
        await bench.topic('orders', { keyed: true, partitions })
        const { control } = bench.broker
        const publisher = await bench.instance('publisher')
        const sent: string[][] = Array.from({ length: partitions }, () => [])
        const owners = new Map<number, Claim>()
        /** By partition, the first time that anybody was handed a message. */
        const first: string[][] = Array.from({ length: partitions }, () => [])
        const ended = new Set<string>()
        const members: Member[] = []
        let named = 0

        const handed = (sink: FakeSink) => (delivery: Inbound) => {
          const { claim, id = '' } = delivery
          if (!sink.claims.includes(claim)) throw new Error(`${id} came under a claim that is gone`)
          const list = first[claim.partition] ?? []
          if (!list.includes(id)) list.push(id)
        }
        const join = async (): Promise<void> => {
          named += 1
          const instance = await bench.instance(`c${named}`)
          const sink = new FakeSink()
          sink.onDelivery = handed(sink)
          const { consumer } = await instance.consume({ order: 'key', window: { messages: 7, bytes: 2 ** 20 } }, sink)
          members.push({ instance, consumer, sink, frozen: false })
        }
        const remove = (member: Member): void => void members.splice(members.indexOf(member), 1)
        const endOne = (member: Member): void => {
          const open = member.sink.deliveries.filter(({ claim }) => member.sink.claims.includes(claim))
          const delivery = open.find(({ id }) => !ended.has(`${member.instance.name} ${id}`))
          if (delivery === undefined) return
          ended.add(`${member.instance.name} ${delivery.id}`)
          member.consumer.done(delivery)
        }
        const check = (): void => {
          owners.clear()
          for (const { sink, frozen } of members) {
            if (frozen) continue
            for (const claim of sink.claims) {
              if (owners.has(claim.partition)) throw new Error(`partition ${claim.partition} has two owners`)
              owners.set(claim.partition, claim)
            }
          }
          for (const [partition, ids] of first.entries()) expect(ids).toEqual(sent[partition]?.slice(0, ids.length))
        }

        await join()
        for (const { act, which, ms } of steps) {
          const member = members[which % Math.max(1, members.length)]
          if (act === 'send') {
            const partition = which % partitions
            const from = sent[partition]?.length ?? 0
            const batch = Array.from({ length: 5 }, (_, index) => `p${partition}-${from + index}`)
            const results = publisher.send('orders', batch, { partition })
            await bench.settle()
            if (kinds(results).every((kind) => kind === 'stored')) sent[partition]?.push(...batch)
          } else if (act === 'join' && members.length < 4) await join()
          else if (act === 'restart') {
            control.stop()
            await bench.clock.advance(ms)
            control.start()
            await bench.clock.runUntil(() => publisher.states.at(-1) === 'consume ready', 1_000)
          } else if (act === 'hold') control.expireHold(defaultGroup)
          else if (member !== undefined) {
            const own = control.instance(member.instance.name)
            if (act === 'drop') own.drop()
            else if (act === 'freeze') {
              own.freeze()
              member.frozen = true
            } else if (act === 'thaw') {
              own.thaw()
              await bench.settle()
              member.frozen = false
            } else if (act === 'kill') {
              own.kill()
              remove(member)
            } else if (act === 'done') {
              for (let count = 0; count <= which; count += 1) endOne(member)
            } else if (act === 'leave' && !member.frozen) {
              await member.consumer.stop()
              await member.consumer.close(never)
              remove(member)
            } else if (act === 'rewind' && !member.frozen) {
              const [claim] = member.sink.claims.splice(0, 1)
              if (claim !== undefined) void member.consumer.rewind(claim)
            }
          }
          await bench.clock.advance(ms)
          check()
        }

        // Everybody comes back, and everything is ended.
        for (const member of members) control.instance(member.instance.name).thaw()
        if (members.length === 0) await join()
        await bench.clock.advance(2_000)
        for (const member of members) member.frozen = false
        for (let round = 0; round < 200 && control.depth(defaultGroup) > 0; round += 1) {
          for (const { consumer, sink } of members) {
            for (const delivery of sink.deliveries.splice(0)) consumer.done(delivery)
          }
          await bench.clock.advance(60)
          check()
        }
        check()
        expect(control.depth(defaultGroup)).toBe(0)
        expect(first).toEqual(sent)
        expect(owners.size).toBe(partitions)
      }),
      { numRuns: 50 },
    )
  }, 60_000)
})
