import { describe, expect, it } from 'vitest'
import { checkHistory, createRecorder, type History, type Recorder } from '../../src/history/index.js'
import { found, script } from './build.js'

const record = (id: string): { topic: string; id: string; group: string } => ({ topic: 't', id, group: 'g' })

/** A recorder whose clock is moved by hand, and the two things that most histories need. */
function byHand(): {
  readonly recorder: Recorder
  readonly move: (time: number) => void
  readonly send: (id: string) => void
  readonly run: (id: string, instance?: string) => number
} {
  let now = 0
  const recorder = createRecorder({ now: () => now })
  return {
    recorder,
    move: (time) => void (now = time),
    send: (id) => recorder.publishEnded(recorder.publishInvoked({ topic: 't', id, key: 'k', instance: 'p' }), 'ok'),
    run: (id, instance = 'a') => recorder.handlerStarted({ ...record(id), key: 'k', instance }),
  }
}

describe('copies', () => {
  it('allows a second copy, behind later messages, of what was published twice', () => {
    const history = (times: number): History => {
      const { recorder, send, run } = byHand()
      send('1')
      if (times === 2) send('1')
      send('2')
      for (const id of ['1', '2', '1']) recorder.handlerEnded(run(id), 'ok')
      return recorder.history()
    }
    expect(checkHistory(history(2))).toMatchObject({ ok: true, duplicateBound: 1, counts: { duplicates: 1 } })
    expect(found(history(1))).toEqual([['duplicated', '1']])
  })

  it('does not take the late copy of a doubtful publish for a step back, though a fault touched its first run', () => {
    const { recorder, move, run, send } = byHand()
    const call = recorder.publishInvoked({ topic: 't', id: '1', key: 'k', instance: 'p' })
    recorder.fault({ kind: 'connection-lost', instance: 'p' })
    recorder.fault({ kind: 'connection-restored', instance: 'p' })
    recorder.publishEnded(call, 'ok')
    send('2')
    recorder.handlerEnded(run('1'), 'ok')
    recorder.fault({ kind: 'claim-lost', instance: 'a' })
    move(1)
    recorder.handlerEnded(run('2', 'b'), 'ok')
    recorder.handlerEnded(run('1', 'b'), 'ok')
    expect(found(recorder.history())).toEqual([])
  })

  it('reports every unexplained run once', () => {
    const again = script().sent('1').run('1', 1, 2).run('1', 3, 4).run('1', 5, 6, { outcome: 'failed' }).run('1', 7, 8)
    expect(found(again.done())).toEqual([
      ['duplicated', '1'],
      ['duplicated', '1'],
    ])
  })
})

describe('dead letters and redrives', () => {
  it('lets the key go on after a failure that was dead-lettered and then undone by a kill', () => {
    const history = (seen: boolean): History => {
      const { recorder, move, send, run } = byHand()
      send('1')
      send('2')
      recorder.handlerEnded(run('1'), 'failed')
      recorder.handlerEnded(run('2'), 'ok')
      recorder.fault({ kind: 'killed', instance: 'a' })
      move(1)
      recorder.handlerEnded(run('1', 'b'), seen ? 'failed' : 'ok')
      recorder.handlerEnded(run('2', 'b'), 'ok')
      if (seen) recorder.deadLetterSeen(record('1'))
      return recorder.history()
    }
    expect(found(history(true))).toEqual([])
    expect(found(history(false))).toEqual([['out-of-order', '2', '1']])
  })

  it('asks no order of what was dead-lettered unread and redriven', () => {
    const { recorder, send, run } = byHand()
    for (const id of ['1', '2', '3']) send(id)
    for (const id of ['1', '2']) recorder.deadLetterSeen(record(id))
    recorder.handlerEnded(run('3'), 'ok')
    for (const id of ['1', '2']) recorder.redriven(record(id))
    for (const id of ['2', '1']) recorder.handlerEnded(run(id), 'ok')
    expect(found(recorder.history())).toEqual([])
  })

  it('owes a redriven message again', () => {
    const { recorder, move, send, run } = byHand()
    send('1')
    recorder.handlerEnded(run('1'), 'dead-lettered')
    recorder.deadLetterSeen(record('1'))
    move(1)
    recorder.redriven(record('1'))
    expect(found(recorder.history())).toEqual([['lost', '1']])
    recorder.handlerEnded(run('1'), 'ok')
    expect(found(recorder.history())).toEqual([])
  })
})

describe('settling', () => {
  it('lets the next message start after an explicit ack, and dates storage from it', () => {
    const history = (kill: number): History => {
      const { recorder, move, send, run } = byHand()
      send('1')
      const first = run('1')
      move(10)
      recorder.handlerEnded(first, 'ok')
      move(300)
      recorder.settled(first, 'acked')
      move(kill)
      recorder.fault({ kind: 'killed', instance: 'a' })
      recorder.handlerEnded(run('1', 'b'), 'ok')
      return recorder.history()
    }
    expect(found(history(550))).toEqual([])
    expect(found(history(551))).toEqual([['duplicated', '1']])
  })

  it('takes the end of a run for its place in the order when its settlement is recorded later', () => {
    const { recorder, send, run } = byHand()
    send('1')
    send('2')
    const first = run('1')
    recorder.handlerEnded(first, 'failed')
    const second = run('2')
    recorder.settled(first, 'dead-lettered')
    recorder.handlerEnded(second, 'ok')
    expect(found(recorder.history())).toEqual([])
  })

  it('takes an explicit ack for it when the run goes on after it, and reports the overlap alone', () => {
    const { recorder, send, run } = byHand()
    send('1')
    send('2')
    const first = run('1')
    recorder.settled(first, 'acked')
    const second = run('2')
    recorder.handlerEnded(first, 'ok')
    recorder.handlerEnded(second, 'ok')
    expect(found(recorder.history())).toEqual([['overlapping', '2', '1']])
  })

  it('lets a new owner go on behind a message that the old one acked and still runs', () => {
    const history = (acked: boolean): History => {
      const { recorder, send, run } = byHand()
      send('1')
      send('2')
      const first = run('1')
      if (acked) recorder.settled(first, 'acked')
      recorder.fault({ kind: 'claim-lost', instance: 'a' })
      recorder.handlerEnded(run('2', 'b'), 'ok')
      recorder.handlerEnded(first, 'ok')
      return recorder.history()
    }
    expect(found(history(true), { allowOverlapAfterLoss: true })).toEqual([])
    expect(found(history(false), { allowOverlapAfterLoss: true })).toEqual([['out-of-order', '2', '1']])
  })

  it('leaves a publish open whose result was recorded after the kill of its publisher', () => {
    const { recorder } = byHand()
    const call = recorder.publishInvoked({ topic: 't', id: '1', instance: 'p' })
    recorder.fault({ kind: 'killed', instance: 'p' })
    recorder.publishEnded(call, 'ok')
    expect(checkHistory(recorder.history())).toMatchObject({ ok: true, counts: { published: 1, confirmed: 0 } })
  })
})

describe('overlaps of several', () => {
  it('keeps a batch open until its last member ends', () => {
    const history = script()
      .sent('1', '2', '3')
      .run('1', 1, 2, { batch: 1 })
      .run('2', 1, 6, { batch: 1 })
      .run('3', 4, 5)
      .done()
    expect(found(history)).toEqual([['overlapping', '3', '2']])
  })

  it('remembers the longest run of a message, not the latest', () => {
    const history = script()
      .sent('1')
      .run('1', 1, 9)
      .run('1', 2, 3, { instance: 'b', outcome: 'failed' })
      .run('1', 5, 6, { instance: 'c', outcome: 'failed' })
      .done()
    expect(found(history)).toEqual([
      ['overlapping-message', '1', '1'],
      ['overlapping-message', '1', '1'],
    ])
  })
})
