import { describe, expect, it } from 'vitest'
import { checkHistory, createRecorder, formatReport, type History } from '../../src/history/index.js'
import { found, script } from './build.js'

describe('lost', () => {
  it('asks every group that appears, or those that are named', () => {
    const history = script().sent('1', '2').run('1', 1, 2).run('2', 3, 4).run('1', 1, 2, { group: 'h' }).done()
    expect(found(history)).toEqual([['lost', '2']])
    expect(found(history, { groups: [{ topic: 't', group: 'g' }] })).toEqual([])
    expect(found(history, { groups: [{ topic: 't', group: 'absent' }] })).toEqual([
      ['lost', '1'],
      ['lost', '2'],
    ])
  })

  it('does not pass a history in which nothing was delivered at all', () => {
    const history = script().sent('1').done()
    expect(found(history)).toEqual([['lost', '1']])
    expect(found(history, { groups: [] })).toEqual([])
  })

  it('does not expect what was published before the group was made', () => {
    const history = script().sent('1').at(5).sent('2').run('2', 6, 7).done()
    expect(found(history, { groups: [{ topic: 't', group: 'g' }] })).toEqual([['lost', '1']])
    expect(found(history, { groups: [{ topic: 't', group: 'g', fromMs: 5 }] })).toEqual([])
  })

  it('expects accepted messages only when told to, and never refused or uncertain ones', () => {
    const recorder = createRecorder({ now: () => 0 })
    recorder.publishInvoked({ topic: 't', id: 'open', instance: 'p' })
    recorder.publishInvoked({ topic: 't', id: 'cut', instance: 'q' })
    for (const result of ['refused', 'uncertain'] as const) {
      recorder.publishEnded(recorder.publishInvoked({ topic: 't', id: result, instance: 'p' }), result)
    }
    recorder.fault({ kind: 'killed', instance: 'q' })
    expect(found(recorder.history())).toEqual([])
    expect(found(recorder.history(), { expect: 'accepted' })).toEqual([['lost', 'open']])
  })

  it('does not count a run that lost its claim or never ended', () => {
    expect(found(script().sent('1').run('1', 1, 2, { outcome: 'lost' }).done())).toEqual([['lost', '1']])
    expect(found(script().sent('1').run('1', 1, Number.POSITIVE_INFINITY).done())).toEqual([['lost', '1']])
  })
})

describe('phantom', () => {
  it('reports what was never published unless foreign messages are allowed', () => {
    const history = script().run('x', 1, 2).done()
    expect(found(history)).toEqual([['phantom', 'x']])
    expect(found(history, { allowForeign: true })).toEqual([])
  })

  it('reports a delivery before the publish, and one under another key', () => {
    expect(found(script().run('1', 1, 2).at(3).sent('1').done())).toEqual([['phantom', '1']])
    expect(found(script().sent('1').run('1', 1, 2, { key: 'other' }).done())).toEqual([['phantom', '1']])
  })
})

describe('settled twice', () => {
  it('lets an explicit settlement speak for the run, once', () => {
    const settle = (...settlements: readonly ('acked' | 'retried')[]): History => {
      const recorder = createRecorder({ now: () => 0 })
      recorder.publishEnded(recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' }), 'ok')
      const run = recorder.handlerStarted({ topic: 't', id: '1', group: 'g', instance: 'a' })
      recorder.handlerEnded(run, 'ok')
      for (const settlement of settlements) recorder.settled(run, settlement)
      return recorder.history()
    }
    expect(found(settle('acked'))).toEqual([])
    expect(found(settle('retried'))).toEqual([['lost', '1']])
    expect(found(settle('acked', 'acked'))).toEqual([['settled-twice', '1']])
  })
})

describe('after stop', () => {
  it.each(['killed', 'closed', 'drained'] as const)('reports a run on an instance that was %s', (kind) => {
    const history = script()
      .sent('1', '2')
      .run('1', 1, 2)
      .fault(kind, 'a', 3)
      .run('2', 4, 5)
      .run('2', 6, 7, { instance: 'b' })
    expect(found(history.done())).toContainEqual(['after-stop', '2'])
  })

  it('leaves it out when told to', () => {
    const history = script().sent('1').fault('killed', 'a', 1).run('1', 2, 3).run('1', 4, 5, { instance: 'b' }).done()
    expect(found(history)).toEqual([['after-stop', '1']])
    expect(found(history, { afterStop: 'ignore' })).toEqual([])
  })

  it('keeps to the group that was drained', () => {
    const recorder = createRecorder({ now: () => 0 })
    recorder.publishEnded(recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' }), 'ok')
    recorder.fault({ kind: 'drained', instance: 'a', topic: 't', group: 'h' })
    recorder.handlerEnded(recorder.handlerStarted({ topic: 't', id: '1', group: 'g', instance: 'a' }), 'ok')
    expect(found(recorder.history())).toEqual([])
  })
})

describe('report', () => {
  it('counts what the history holds', () => {
    const history = script().sent('1', '2').run('1', 1, 2, { outcome: 'failed' }).run('1', 3, 4).run('2', 5, 6).done()
    expect(checkHistory(history).counts).toEqual({
      events: 10,
      published: 2,
      confirmed: 2,
      refused: 0,
      uncertain: 0,
      delivered: 3,
      handled: 2,
      deadLettered: 0,
      duplicates: 0,
      keys: 1,
      faults: 0,
    })
  })

  it('says in words what is wrong, up to a limit', () => {
    const report = checkHistory(script().sent('1', '2', '3').done())
    const lines = formatReport(report, 2).split('\n')
    expect(lines[0]).toMatch(/^3 violations: events 6, published 3,/)
    expect(lines.slice(1)).toEqual([
      "  lost: '1' of t: no group of its topic received anything",
      "  lost: '2' of t: no group of its topic received anything",
      '  and 1 more',
    ])
  })

  it.each(['storeMs', 'noticeMs', 'resendsPerDoubt'])('refuses a %s that is no number from zero', (field) => {
    const history = script().done()
    for (const value of [-1, Number.NaN]) expect(() => checkHistory(history, { [field]: value })).toThrow(field)
  })
})
