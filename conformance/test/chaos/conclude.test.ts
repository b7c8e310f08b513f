import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { conclude, type Outcome } from '../../src/chaos/conclude.js'
import type { Fact } from '../../src/chaos/facts.js'
import { formatLine, type Line } from '../../src/chaos/history/lines.js'
import { readHistories, type SeenLetter } from '../../src/chaos/history/read-histories.js'
import type { Performed } from '../../src/chaos/perform-fault.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-chaos-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

type Event = readonly [time: number, line: Line]

const count = 600
const id = (number: number): string => `m${number}`
const key = (number: number): string => `k${number % 3}`

/** Message n is published at n and handled at n + 0.5 in both groups; everything is well. */
class Story {
  readonly publisher: Event[] = []
  readonly consumers: Event[][] = [[], []]
  facts: Fact[] = []
  letters: SeenLetter[] = []
  performed: Performed[] = [{ id: 'F1', what: 'cut', from: 0, healed: 300, to: 400 }]
  problems: string[] = []

  constructor() {
    for (let number = 0; number < count; number++) {
      this.publisher.push([number, { kind: 'publish', topic: 'orders', id: id(number), key: key(number) }])
      this.publisher.push([number + 0.2, { kind: 'result', publish: number, result: 'ok' }])
      for (const [index, group] of ['billing', 'audit'].entries()) this.run(index, group, number, number + 0.5)
    }
  }

  run(consumer: number, group: string, number: number, time: number, outcome: 'ok' | 'failed' = 'ok'): void {
    const events = this.consumers[consumer] as Event[]
    const run = events.filter(([, { kind }]) => kind === 'start').length
    const start = { topic: 'orders', group, id: id(number), key: key(number), attempt: 1, partition: 0 }
    events.push([time, { kind: 'start', ...start }])
    events.push([time + 0.1, { kind: 'end', run, outcome }])
  }

  judge(faultsWanted = 1): Outcome {
    const files = { publisher: this.publisher, 'consumer-0': this.consumers[0], 'consumer-1': this.consumers[1] }
    const sources = Object.entries(files).map(([instance, events = []]) => {
      const path = join(folder, instance)
      writeFileSync(path, events.map(([time, line]) => formatLine(time, line)).join(''))
      return { instance, path }
    })
    // Several parts, so that nothing depends on seeing all keys at once.
    const histories = readHistories(sources, { facts: this.facts, letters: this.letters }, 4)
    return conclude(histories, this, { adapter: 'none', seed: 1, nodes: 1, faultsWanted, seconds: () => 1 })
  }
}

describe('the conclusion of a run', () => {
  it('is good when everything held', () => {
    const { isGood, result, lines } = new Story().judge()
    expect(lines.join('\n')).toContain('everything held')
    expect(isGood).toBe(true)
    expect(result).toEqual({
      ...{ adapter: 'none', seed: 1, nodes: 1, messages: count, faults: 1, confirmed: count, seconds: 1 },
      ...{ lost: 0, phantom: 0, outOfOrder: 0, overlapping: 0, duplicated: 0, duplicateBound: 0 },
    })
  })

  it('tells a message that was confirmed and never handled', () => {
    const story = new Story()
    story.consumers[1] = []
    for (let number = 0; number < count; number++) if (number !== 17) story.run(1, 'audit', number, number + 0.5)
    expect(story.judge()).toMatchObject({ isGood: false, result: { lost: 1, phantom: 0 } })
  })

  it('tells a message that was handled though it was refused', () => {
    const story = new Story()
    story.publisher[2 * 17 + 1] = [17.2, { kind: 'result', publish: 17, result: 'refused' }]
    expect(story.judge()).toMatchObject({ isGood: false, result: { lost: 0, phantom: 2, confirmed: count - 1 } })
  })

  it('tells a message that was begun before an earlier one of its key', () => {
    const story = new Story()
    story.consumers[0] = []
    const order = Array.from({ length: count }, (_, number) => number)
    ;[order[30], order[33]] = [33, 30]
    order.forEach((number, index) => story.run(0, 'billing', number, index + 10))
    expect(story.judge()).toMatchObject({ isGood: false, result: { outOfOrder: 1 } })
  })

  it('tells a message that ran again and nothing explains it', () => {
    const story = new Story()
    story.run(0, 'billing', 17, count + 1)
    expect(story.judge()).toMatchObject({ isGood: false, result: { duplicated: 1, duplicateBound: 0 } })
  })

  it('explains it by a fault at that time, and by none at another time', () => {
    const story = new Story()
    // Elsewhere: the process that had it is far behind it by now, and would not step back.
    story.run(1, 'billing', 17, count + 1)
    story.facts = [
      { time: 17.3, kind: 'connection-lost', instance: 'consumer-0' },
      { time: 18, kind: 'connection-restored', instance: 'consumer-0' },
    ]
    expect(story.judge()).toMatchObject({ isGood: true, result: { duplicated: 1 } })
    story.facts = [
      { time: 500, kind: 'connection-lost', instance: 'consumer-1' },
      { time: 501, kind: 'connection-restored', instance: 'consumer-1' },
    ]
    expect(story.judge()).toMatchObject({ isGood: false, result: { duplicated: 1 } })
  })

  it('takes a process as killed when it has done its last, not before', () => {
    const story = new Story()
    story.run(1, 'billing', 599, count + 2)
    // The decision came first; what the first consumer did after it is no ghost, and its last run is unstored.
    story.facts = [{ time: 598, kind: 'killed', instance: 'consumer-0' }]
    expect(story.judge()).toMatchObject({ isGood: true, result: { duplicated: 1 } })
  })

  it('tells two messages of a key beside each other', () => {
    const story = new Story()
    const events = story.consumers[0] as Event[]
    const end = events.findIndex(([, line]) => line.kind === 'end' && line.run === 30)
    // It ends behind the start of the next of its key, three later.
    const [[, line]] = events.splice(end, 1) as [Event]
    const next = events.findIndex(([, other]) => other.kind === 'start' && other.id === id(33))
    events.splice(next + 1, 0, [33.55, line])
    const { isGood, result } = story.judge()
    expect(isGood).toBe(false)
    expect(result.overlapping).toBe(1)
  })

  it('expects of a message that fails all its attempts and one copy in the dead letters', () => {
    const story = new Story()
    const poison = (times: number, copies: number): Outcome => {
      story.consumers[0] = []
      for (let number = 0; number < count - 1; number++) story.run(0, 'billing', number, number + 0.5)
      for (let time = 0; time < times; time++) story.run(0, 'billing', count - 1, count + time, 'failed')
      const letter = { topic: 'orders', group: 'billing', id: id(count - 1), key: key(count - 1), reason: 'Error' }
      story.letters = Array.from({ length: copies }, () => letter)
      return story.judge()
    }
    expect(poison(3, 1).isGood).toBe(true)
    expect(poison(2, 1).lines.join('\n')).toContain('failed 2 times instead of 3')
    expect(poison(3, 2)).toMatchObject({ isGood: false })
    expect(poison(3, 0)).toMatchObject({ isGood: false, result: { lost: 1 } })
  })

  it('tells a healthy message among the dead letters', () => {
    const story = new Story()
    story.letters = [{ topic: 'orders', group: 'billing', id: id(5), key: key(5), reason: 'CRASH_LOOP' }]
    const { isGood, lines } = story.judge()
    expect(isGood).toBe(false)
    expect(lines.join('\n')).toContain('no handler refused it there')
  })

  it('counts a fault only when enough of the traffic has met it', () => {
    const story = new Story()
    story.performed = [...story.performed, { id: 'F2', what: 'short', from: 100, healed: 150, to: 200 }]
    const { isGood, result, lines } = story.judge(2)
    expect([isGood, result.faults]).toEqual([false, 1])
    expect(lines.join('\n')).toContain('1 of 2 faults')
  })

  it('is bad when something went wrong that no history shows', () => {
    const story = new Story()
    story.problems = ['consumer-1 was told to end and ended with code 1']
    expect(story.judge().isGood).toBe(false)
  })
})
