import { describe, expect, it } from 'vitest'
import {
  checkHistory,
  createRecorder,
  eventAt,
  eventsOf,
  mergeHistories,
  readLines,
  validHistory,
  writeLines,
  type FaultKind,
  type HistoryEvent,
} from '../../src/history/index.js'

const FAULTS: readonly FaultKind[] = [
  'killed',
  'claim-lost',
  'connection-lost',
  'connection-restored',
  'drain-expired',
  'drained',
  'closed',
  'handed-over',
]

/** One event of every kind, with the lines that were written while recording. */
function everyKind(): { readonly events: readonly HistoryEvent[]; readonly lines: readonly string[] } {
  let now = 0
  const lines: string[] = []
  const recorder = createRecorder({ now: () => (now += 0.5), onLine: (line) => lines.push(line) })
  for (const result of ['ok', 'refused', 'uncertain'] as const) {
    recorder.publishEnded(recorder.publishInvoked({ topic: 't', id: result, key: 'k', instance: 'p' }), result)
  }
  const record = { topic: 't', id: 'ok', group: 'g' }
  const run = recorder.handlerStarted({ ...record, key: 'k', instance: 'a', attempt: 3, partition: 0, batch: 7 })
  recorder.handlerEnded(run, 'dead-lettered')
  recorder.settled(run, 'dead-lettered')
  recorder.deadLetterSeen(record)
  recorder.redriven(record)
  for (const kind of FAULTS) recorder.fault({ kind, instance: 'a', topic: 't', group: 'g', partition: 2 })
  recorder.fault({ kind: 'connection-lost' })
  return { events: [...eventsOf(recorder.history())], lines }
}

describe('recorder', () => {
  it('gives back what was recorded', () => {
    const { events } = everyKind()
    expect(events).toHaveLength(20)
    const publish = { kind: 'publish-invoked', publish: 2, topic: 't', id: 'refused', key: 'k', sequence: 1 }
    expect(events[2]).toEqual({ ...publish, time: 1.5, publisher: 'p', instance: 'p' })
    expect(events[3]).toEqual({ kind: 'publish-refused', time: 2, publish: 2 })
    const run = { kind: 'handler-started', run: 6, topic: 't', id: 'ok', key: 'k', group: 'g', instance: 'a' }
    expect(events[6]).toEqual({ ...run, time: 3.5, attempt: 3, partition: 0, batch: 7 })
    expect(events[7]).toEqual({ kind: 'handler-ended', time: 4, run: 6, outcome: 'dead-lettered' })
    expect(events[8]).toEqual({ kind: 'settled', time: 4.5, run: 6, settlement: 'dead-lettered' })
    expect(events.slice(11).map(({ kind }) => kind)).toEqual([...FAULTS, 'connection-lost'])
    expect(events[11]).toMatchObject({ instance: 'a', topic: 't', group: 'g', partition: 2 })
    expect(events[19]).toMatchObject({ instance: null, topic: null, group: null, partition: null })
  })

  it('takes a snapshot that later events do not change, past the growth of its columns', () => {
    const recorder = createRecorder({ now: () => 1 })
    const send = (id: string): number => recorder.publishInvoked({ topic: 't', id, instance: 'p' })
    send('first')
    const early = recorder.history()
    for (let count = 0; count < 3000; count++) send(`m${count}`)
    expect([...eventsOf(early)]).toMatchObject([{ id: 'first' }])
    expect(eventAt(recorder.history(), 3000)).toMatchObject({ id: 'm2999', publish: 3000 })
    expect(recorder.size()).toBe(3001)
    expect(() => eventAt(early, 1)).toThrow(RangeError)
  })

  it('refuses what cannot be, and says what to do', () => {
    let now = 5
    const recorder = createRecorder({ now: () => now })
    const publish = recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' })
    expect(() => recorder.handlerEnded(publish, 'ok')).toThrow('run 0 is not the number of a handler-started event')
    expect(() => recorder.publishEnded(9, 'ok')).toThrow('publish 9')
    expect(() => recorder.fault({ kind: 'killed' })).toThrow('instance is missing')
    expect(() => recorder.fault({ kind: 'exploded' as FaultKind, instance: 'a' })).toThrow("kind 'exploded' is unknown")
    now = 4
    expect(() => recorder.publishEnded(publish, 'ok')).toThrow('monotonic')
    expect(recorder.size()).toBe(1)
  })
})

describe('JSON lines', () => {
  it('are the same while recording and afterwards, and read back to the same history', () => {
    const { events, lines } = everyKind()
    const text = `${lines.join('\n')}\n`
    const history = readLines(text)
    expect([...eventsOf(history)]).toEqual(events)
    expect(writeLines(history)).toBe(text)
  })

  it('keep a verdict', () => {
    const history = validHistory(11)
    expect(checkHistory(readLines(writeLines(history)))).toEqual(checkHistory(history))
  })

  it('leave out a last line that a kill cut short, and nothing else', () => {
    const { lines } = everyKind()
    const torn = `${lines.join('\n')}\n${(lines[0] as string).slice(0, 20)}`
    expect(readLines(torn).size).toBe(lines.length)
    expect(readLines(lines.join('\n')).size).toBe(lines.length)
    expect(() => readLines(`${lines[0]}\n{"kind\n${lines[1]}\n`)).toThrow('line 2 is not an event')
    expect(() => readLines(`${lines[1]}\n`)).toThrow('line 1')
    expect(() => readLines('{"kind":"exploded","time":1}\n')).toThrow("kind 'exploded' is unknown")
    expect(() => readLines('{"kind":"publish-invoked","time":1,"publish":0}\n')).toThrow('line 1')
    expect(() => readLines('{"kind":"closed"}\n')).toThrow('time')
  })
})

describe('merge', () => {
  it('puts the events of several processes in the order of their times', () => {
    let now = 0
    const [first, second] = [createRecorder({ now: () => now }), createRecorder({ now: () => now })]
    const publish = first.publishInvoked({ topic: 't', id: '1', key: 'k', instance: 'p' })
    first.publishEnded(publish, 'ok')
    now = 1
    second.fault({ kind: 'connection-lost' })
    const run = second.handlerStarted({ topic: 't', id: '1', key: 'k', group: 'g', instance: 'a' })
    first.publishInvoked({ topic: 't', id: '2', key: 'k', instance: 'p' })
    now = 2
    second.handlerEnded(run, 'ok')
    const merged = mergeHistories([first.history(), second.history()])
    expect([...eventsOf(merged)].map(({ kind, time }) => `${time} ${kind}`)).toEqual([
      '0 publish-invoked',
      '0 publish-ok',
      '1 publish-invoked',
      '1 connection-lost',
      '1 handler-started',
      '2 handler-ended',
    ])
    expect(eventAt(merged, 5)).toEqual({ kind: 'handler-ended', time: 2, run: 4, outcome: 'ok' })
    expect(checkHistory(merged).violations).toEqual([])
  })

  it('judges the parts together as the whole', () => {
    const whole = validHistory(5)
    const lines = writeLines(whole).trimEnd().split('\n')
    const isPublish = (line: string): boolean => line.startsWith('{"kind":"publish')
    const part = (wanted: boolean): string => lines.filter((line) => isPublish(line) === wanted).join('\n')
    const merged = mergeHistories([readLines(part(true)), readLines(part(false))])
    expect(checkHistory(merged)).toEqual(checkHistory(whole))
  })
})
