import { createSimulatedClock } from '@sluice/core/memory'
import { createTimerHeap } from '@sluice/core/spi'
import { expect, it } from 'vitest'
import { Settler, type Progress } from '../src/settle.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import type { CommitResult, GroupOffset } from '../src/wire/port.js'

class Part implements Progress {
  readonly at: { readonly topic: string; readonly partition: number }
  version = 1
  storedVersion = 0
  unstored = 0

  constructor(partition: number) {
    this.at = { topic: 'orders', partition }
  }

  snapshot(): GroupOffset {
    return { ...this.at, offset: this.version, metadata: '' }
  }
}

function bench() {
  const clock = createSimulatedClock()
  const refused = new Set<number>()
  const error = new KafkaError('no', { kind: 'server', code: 12 })
  const commits: (readonly number[])[] = []
  let meanwhile = (): void => {}
  const settler = new Settler({
    timers: createTimerHeap(clock),
    commit: async (offsets): Promise<readonly CommitResult[]> => {
      commits.push(offsets.map(({ partition }) => partition))
      meanwhile()
      return offsets.map(({ topic, partition }) => ({
        topic,
        partition,
        error: refused.has(partition) ? error : undefined,
      }))
    },
    stored: () => undefined,
    noted: () => undefined,
  })
  return { clock, refused, commits, settler, whileStoring: (run: () => void) => void (meanwhile = run) }
}

it('stores at once what is urgent, also when the one that could not be stored has gone', async () => {
  const { clock, refused, commits, settler } = bench()
  const [refusedOne, other] = [new Part(1), new Part(2)]
  refused.add(1)
  settler.add(refusedOne)
  settler.add(other)
  settler.touch()
  await clock.advance(50)
  expect(commits).toEqual([[1, 2]])
  settler.drop(refusedOne)
  await clock.advance(5_000)
  other.version += 1
  let stored = false
  const urged = settler.urge(other).then(() => (stored = true))
  await clock.advance(0)
  expect(stored).toBe(true)
  await urged
})

it('is stuck when nothing was stored of what is still here', async () => {
  const { clock, refused, settler } = bench()
  const [refusedOne, leaving] = [new Part(1), new Part(2)]
  refused.add(1)
  settler.add(refusedOne)
  settler.add(leaving)
  settler.touch()
  await clock.advance(50)
  expect(settler.isStuck).toBe(false)
  settler.drop(leaving)
  refusedOne.version += 1
  await clock.advance(2_000)
  expect(settler.isStuck).toBe(true)
})

it('does not count what is let go while it is stored', async () => {
  const { clock, refused, settler, whileStoring } = bench()
  const [refusedOne, leaving] = [new Part(1), new Part(2)]
  refused.add(1)
  settler.add(refusedOne)
  settler.add(leaving)
  whileStoring(() => settler.drop(leaving))
  settler.touch()
  await clock.advance(50)
  expect(settler.isStuck).toBe(true)
})
