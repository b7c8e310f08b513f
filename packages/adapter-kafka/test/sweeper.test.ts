import { createSimulatedClock } from '@sluice/core/memory'
import { createTimerHeap, silentLogger } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { Sweeper } from '../src/sweeper.js'

interface Before {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

function bench(refuse: () => boolean = () => false) {
  const clock = createSimulatedClock()
  const requests: (readonly Before[])[] = []
  const warnings: string[] = []
  const sweeper = new Sweeper({
    administration: {
      deleteRecords: async (before) => {
        requests.push(before)
        if (refuse()) throw new Error('not allowed')
      },
    },
    timers: createTimerHeap(clock),
    log: { ...silentLogger, warn: (text) => void warnings.push(text) },
    topics: new Set(['orders.mail.retry']),
  })
  const passed = (offset: number, partition = 0, topic = 'orders.mail.retry'): void =>
    sweeper.passed({ topic, partition, offset, metadata: '' })
  return { clock, requests, warnings, sweeper, passed }
}

const retry = (partition: number, offset: number): Before => ({ topic: 'orders.mail.retry', partition, offset })

describe('what a group has done', () => {
  it('goes out of its own topics, several partitions in one request, and nothing of the topic that others read', async () => {
    const { clock, requests, passed } = bench()
    passed(1_500)
    passed(1_700)
    passed(2_000, 1)
    passed(9_000, 0, 'orders')
    await clock.advance(20_000)
    expect(requests).toEqual([[retry(0, 1_700), retry(1, 2_000)]])
  })

  it('goes when there is enough of it', async () => {
    const { clock, requests, passed } = bench()
    passed(999)
    await clock.advance(60_000)
    expect(requests).toEqual([])
    passed(1_000)
    await clock.advance(60_000)
    passed(1_999)
    await clock.advance(60_000)
    expect(requests).toEqual([[retry(0, 1_000)]])
    passed(2_000)
    await clock.advance(60_000)
    expect(requests).toHaveLength(2)
  })

  it('stays where the broker does not allow it, which is said, and is not asked for all the time', async () => {
    const { clock, requests, warnings, passed } = bench(() => true)
    passed(1_000)
    await clock.advance(10_000)
    expect(warnings).toHaveLength(1)
    for (let offset = 1_001; offset < 1_900; offset += 100) passed(offset)
    await clock.advance(60_000)
    expect(requests).toHaveLength(1)
  })

  it('is nobody’s concern any more when the consumer has gone', async () => {
    const { clock, requests, sweeper, passed } = bench()
    passed(5_000)
    sweeper.close()
    passed(9_000)
    await clock.advance(60_000)
    expect(requests).toEqual([])
  })
})
