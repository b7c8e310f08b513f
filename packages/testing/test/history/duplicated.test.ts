import { describe, expect, it } from 'vitest'
import { checkHistory, createRecorder, type CheckOptions, type History } from '../../src/history/index.js'
import { script } from './build.js'

const kinds = (history: History, options: CheckOptions = {}): readonly string[] =>
  checkHistory(history, options).violations.map(({ kind }) => kind)

describe('duplicates after faults', () => {
  const again = (): ReturnType<typeof script> =>
    script().sent('1').run('1', 10, 20).run('1', 400, 410, { instance: 'b' })

  it('lets an unstored message run again after a kill, and bounds it at one', () => {
    const report = checkHistory(again().fault('killed', 'a', 200).done())
    expect(report).toMatchObject({ ok: true, duplicateBound: 1, counts: { duplicates: 1 } })
  })

  it('reports the same second run without the kill', () => {
    const report = checkHistory(again().done())
    expect(report).toMatchObject({ ok: false, duplicateBound: 0, counts: { duplicates: 1 } })
    expect(report.violations).toMatchObject([{ kind: 'duplicated', ids: ['1'] }])
  })

  it('reports it when the run was stored long before the kill, by the time that the options give', () => {
    expect(kinds(again().fault('killed', 'a', 271).done())).toEqual(['duplicated'])
    expect(kinds(again().fault('killed', 'a', 270).done())).toEqual([])
    expect(kinds(again().fault('killed', 'a', 270).done(), { storeMs: 249 })).toEqual(['duplicated'])
  })

  it('does not take the fault of another instance, nor one before the run or after the second start', () => {
    expect(kinds(again().fault('killed', 'c', 200).done())).toEqual(['duplicated'])
    expect(kinds(again().fault('claim-lost', 'a', 5).done())).toEqual(['duplicated'])
    expect(kinds(again().fault('killed', 'a', 401).done(), { storeMs: 1000 })).toEqual(['duplicated'])
  })

  it('does not take a planned hand-over or a close', () => {
    expect(kinds(again().fault('handed-over', 'a', 30).done())).toEqual(['duplicated'])
    expect(kinds(again().fault('closed', 'a', 30).done())).toEqual(['duplicated'])
    expect(kinds(again().fault('drain-expired', 'a', 30).done())).toEqual([])
  })

  it('takes a lost connection until it is restored', () => {
    const cut = (restored: number): History =>
      again().fault('connection-lost', 'a', 5).fault('connection-restored', 'a', restored).done()
    expect(kinds(cut(12))).toEqual([])
    expect(kinds(cut(8))).toEqual(['duplicated'])
    expect(kinds(again().fault('connection-lost', 'a', 5).done(), { noticeMs: 5 })).toEqual([])
  })

  it('explains one second run by one fault, not two', () => {
    const history = again().fault('killed', 'a', 30).run('1', 700, 710, { instance: 'c' }).done()
    const report = checkHistory(history)
    expect(report).toMatchObject({ duplicateBound: 1, counts: { duplicates: 2 } })
    expect(report.violations.map(({ kind }) => kind)).toEqual(['duplicated'])
  })

  it('does not count a retry, a give-back or a run that a kill cut off', () => {
    const history = script()
      .sent('1')
      .run('1', 10, 20, { outcome: 'failed' })
      .run('1', 30, 40, { outcome: 'given-back' })
      .run('1', 50, Number.POSITIVE_INFINITY)
      .fault('killed', 'a', 60)
      .run('1', 70, 80, { instance: 'b' })
      .done()
    expect(checkHistory(history)).toMatchObject({
      ok: true,
      duplicateBound: 0,
      counts: { duplicates: 0, delivered: 4 },
    })
  })

  it('does not believe what a killed instance recorded after its kill', () => {
    const history = script().sent('1').run('1', 10, 30).fault('killed', 'a', 20).done()
    expect(kinds(history)).toEqual(['lost'])
  })
})

describe('duplicates of doubtful publishes', () => {
  const published = (result: 'ok' | 'uncertain', cut: boolean): History => {
    let now = 0
    const recorder = createRecorder({ now: () => now })
    const call = recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' })
    now = 5
    if (cut) recorder.fault({ kind: 'connection-lost' })
    if (cut) recorder.fault({ kind: 'connection-restored' })
    now = 10
    recorder.publishEnded(call, result)
    for (let copy = 0; copy < 2; copy++) {
      now += 1000
      recorder.handlerEnded(recorder.handlerStarted({ topic: 't', id: '1', group: 'g', instance: 'a' }), 'ok')
    }
    return recorder.history()
  }

  it('allows a copy for an uncertain publish and for one that was open when the broker was cut off', () => {
    expect(checkHistory(published('uncertain', false))).toMatchObject({ ok: true, duplicateBound: 1 })
    expect(checkHistory(published('ok', true))).toMatchObject({ ok: true, duplicateBound: 1 })
    expect(kinds(published('ok', false))).toEqual(['duplicated'])
    expect(kinds(published('uncertain', false), { resendsPerDoubt: 0 })).toEqual(['duplicated'])
  })
})

describe('dead letters', () => {
  const letters = (copies: number, redriven: boolean, fault: boolean): History => {
    const { recorder } = script()
    const record = { topic: 't', id: '1', group: 'g' }
    recorder.publishEnded(recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' }), 'ok')
    recorder.handlerEnded(recorder.handlerStarted({ ...record, instance: 'a' }), 'failed')
    if (fault) recorder.fault({ kind: 'connection-lost', instance: 'a' })
    for (let copy = 0; copy < copies; copy++) recorder.deadLetterSeen(record)
    if (redriven) {
      recorder.redriven(record)
      recorder.handlerEnded(recorder.handlerStarted({ ...record, instance: 'a' }), 'ok')
    }
    return recorder.history()
  }

  it('keeps a message by its dead letter, once', () => {
    expect(checkHistory(letters(1, false, false))).toMatchObject({ ok: true, counts: { deadLettered: 1, handled: 0 } })
    expect(kinds(letters(0, false, false))).toEqual(['lost'])
    expect(kinds(letters(2, false, false))).toEqual(['duplicated'])
    expect(kinds(letters(2, false, true))).toEqual([])
  })

  it('does not call a redriven message a duplicate', () => {
    expect(checkHistory(letters(1, true, false))).toMatchObject({ ok: true, counts: { duplicates: 0 } })
  })

  it('asks for the copy itself when told to', () => {
    const history = script().sent('1').run('1', 1, 2, { outcome: 'dead-lettered' }).done()
    expect(kinds(history)).toEqual([])
    expect(kinds(history, { requireSeenDeadLetters: true })).toEqual(['lost'])
  })
})
