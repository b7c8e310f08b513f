import { describe, expect, it } from 'vitest'
import { readAnnouncement, writeAnnouncement } from '../src/announcement.js'
import { Share, type Peer } from '../src/share.js'

interface Bench {
  readonly share: Share
  readonly log: string[]
  readonly letGo: (partition: number) => Promise<void>
}

function bench(partitions: number): Bench {
  const log: string[] = []
  const releases = new Map<number, () => void>()
  const share = new Share(
    'orders.mail',
    partitions,
    {
      take: (partition) => log.push(`take ${partition}`),
      release: (partition) => {
        log.push(`release ${partition}`)
        return new Promise((resolve) => releases.set(partition, resolve))
      },
    },
    () => log.push(`say ${share.owned.join(',')}`),
  )
  const letGo = async (partition: number): Promise<void> => {
    releases.get(partition)?.()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { share, log, letGo }
}

const peer = (id: string, owned: readonly number[], leaving = false): Peer => ({ id, owned, leaving })

describe('the share of a process', () => {
  it('is everything while nobody else is there', () => {
    const { share, log } = bench(3)
    share.rebalance('b', [])
    expect(log).toEqual(['take 0', 'take 1', 'take 2', 'say 0,1,2'])
  })

  it('gives up what a newcomer should have, and owns it until it is let go', async () => {
    const { share, log, letGo } = bench(2)
    share.rebalance('b', [])
    log.length = 0
    share.rebalance('b', [peer('c', [])])
    expect(log).toEqual(['release 1'])
    expect(share.owned).toEqual([0, 1])
    await letGo(1)
    expect(log).toEqual(['release 1', 'say 0'])
  })

  it('takes only what nobody owns, also while that one is leaving', () => {
    const { share, log } = bench(4)
    share.rebalance('c', [peer('a', [0, 1, 2, 3], true)])
    expect(log).toEqual([])
    share.rebalance('c', [peer('a', [3], true)])
    expect(share.owned).toEqual([0, 1, 2])
    share.rebalance('c', [])
    expect(share.owned).toEqual([0, 1, 2, 3])
  })

  it('lets the smaller id keep what two have taken', async () => {
    const { share, log, letGo } = bench(1)
    share.rebalance('b', [])
    share.rebalance('b', [peer('a', [0])])
    expect(log.at(-1)).toBe('release 0')
    await letGo(0)
    expect(share.owned).toEqual([])
  })

  it('forgets everything with the connection, and what was being let go then', async () => {
    const { share, log, letGo } = bench(2)
    share.rebalance('b', [])
    share.rebalance('b', [peer('c', [])])
    share.forget()
    share.rebalance('b2', [])
    log.length = 0
    await letGo(1)
    expect(share.owned).toEqual([0, 1])
    expect(log).toEqual([])
  })

  it('ends empty when it leaves, and takes nothing any more', async () => {
    const { share, letGo } = bench(2)
    share.rebalance('b', [])
    const left = share.leave()
    await letGo(0)
    await letGo(1)
    await left
    share.rebalance('b', [])
    expect(share.owned).toEqual([])
  })
})

describe('an announcement', () => {
  it('comes back as it went', () => {
    const announcement = {
      ...{ id: 'amq.gen-1', client: 'shop', hello: true, askedBy: 'amq.gen-2' },
      ...{ groups: new Map([['a.b', [0, 2]]]), leaving: new Set(['a.b']) },
    }
    expect(readAnnouncement(writeAnnouncement(announcement))).toEqual(announcement)
  })

  it.each([
    '',
    'no',
    '[]',
    'null',
    '{"v":2,"id":"x","groups":{}}',
    '{"v":1,"groups":{}}',
    '{"v":1,"id":"x","groups":{"a":1}}',
  ])('is nothing when somebody sends %j', (text) => {
    expect(readAnnouncement(Buffer.from(text))).toBeUndefined()
  })
})
