import { describe, expect, it } from 'vitest'
import type { History } from '../../src/history/index.js'
import { found, script } from './build.js'

describe('order of a key', () => {
  it('asks for publish order of first deliveries', () => {
    expect(found(script().sent('1', '2').run('1', 1, 2).run('2', 3, 4).done())).toEqual([])
    expect(found(script().sent('1', '2').run('2', 1, 2).run('1', 3, 4).done())).toEqual([['out-of-order', '2', '1']])
  })

  it('does not let a later message pass one that waits for its retry', () => {
    const history = script().sent('1', '2').run('1', 1, 2, { outcome: 'failed' }).run('2', 3, 4).run('1', 5, 6).done()
    expect(found(history)).toEqual([['out-of-order', '2', '1']])
    expect(found(history, { unorderedGroups: ['g'] })).toEqual([])
  })

  it('lets the sequence restart at the earliest unsettled message, in order', () => {
    const before = (): ReturnType<typeof script> =>
      script().sent('1', '2', '3').run('1', 1, 2).run('2', 3, 4).run('3', 5, 6).fault('killed', 'a', 7)
    const other = { instance: 'b' }
    expect(found(before().run('2', 8, 9, other).run('3', 10, 11, other).done())).toEqual([])
    expect(found(before().run('3', 8, 9, other).run('2', 10, 11, other).done())).toEqual([['out-of-order', '2', '3']])
  })

  it('reports a skipped message that the kill left open', () => {
    const history = script()
      .sent('1', '2')
      .run('1', 1, Number.POSITIVE_INFINITY)
      .fault('killed', 'a', 2)
      .run('2', 3, 4, { instance: 'b' })
      .run('1', 5, 6, { instance: 'b' })
      .done()
    expect(found(history)).toEqual([['out-of-order', '2', '1']])
  })

  it('lets the members of one batch be open together, and takes the later ones back with a failed one', () => {
    const batch = { batch: 1 }
    const whole = script().sent('1', '2').run('1', 1, 5, batch).run('2', 1, 5, batch).done()
    expect(found(whole)).toEqual([])
    const partial = script()
      .sent('1', '2')
      .run('1', 1, 5, { ...batch, outcome: 'failed' })
      .run('2', 1, 5, batch)
      .run('1', 6, 7)
      .run('2', 8, 9)
      .done()
    expect(found(partial)).toEqual([])
    const two = script().sent('1', '2').run('1', 1, 5, batch).run('2', 2, 5, { batch: 2 }).done()
    expect(found(two)).toEqual([['overlapping', '2', '1']])
  })

  it('orders every key and publisher by itself', () => {
    const { recorder } = script()
    const send = (id: string, key: string, publisher: string): void =>
      recorder.publishEnded(recorder.publishInvoked({ topic: 't', id, key, instance: 'p', publisher }), 'ok')
    const run = (id: string, key: string): void =>
      recorder.handlerEnded(recorder.handlerStarted({ topic: 't', id, key, group: 'g', instance: 'a' }), 'ok')
    send('1', 'x', 'p')
    send('2', 'x', 'q')
    send('3', 'y', 'p')
    run('3', 'y')
    run('2', 'x')
    run('1', 'x')
    expect(found(recorder.history())).toEqual([])
  })

  it('follows given sequence numbers instead of the calls', () => {
    const { recorder } = script()
    for (const [id, sequence] of [
      ['1', 2],
      ['2', 1],
    ] as const) {
      recorder.publishEnded(recorder.publishInvoked({ topic: 't', id, key: 'k', instance: 'p', sequence }), 'ok')
    }
    for (const id of ['2', '1']) {
      recorder.handlerEnded(recorder.handlerStarted({ topic: 't', id, key: 'k', group: 'g', instance: 'a' }), 'ok')
    }
    expect(found(recorder.history())).toEqual([])
  })
})

describe('overlaps', () => {
  it('lets a lost claim overlap on another instance only when told to, in the same never', () => {
    const lost = (instance: string): History =>
      script().sent('1').run('1', 1, 10).fault('claim-lost', 'a', 3).run('1', 5, 8, { instance }).done()
    expect(found(lost('b'))).toEqual([['overlapping-message', '1', '1']])
    expect(found(lost('b'), { allowOverlapAfterLoss: true })).toEqual([])
    expect(found(lost('a'), { allowOverlapAfterLoss: true })).toEqual([['overlapping-message', '1', '1']])
  })

  it('does not let the new owner skip the message that the old one still runs', () => {
    const history = script()
      .sent('1', '2')
      .run('1', 1, 10)
      .fault('claim-lost', 'a', 3)
      .run('2', 5, 8, { instance: 'b' })
      .done()
    expect(found(history, { allowOverlapAfterLoss: true })).toEqual([['out-of-order', '2', '1']])
  })

  it('ends the runs of a killed instance at its kill', () => {
    const history = (start: number): History =>
      script()
        .sent('1')
        .run('1', 1, Number.POSITIVE_INFINITY)
        .fault('killed', 'a', 5)
        .run('1', start, 9, { instance: 'b' })
        .done()
    expect(found(history(6))).toEqual([])
    expect(found(history(4))).toEqual([['overlapping-message', '1', '1']])
  })

  it('lets different keys, groups and messages without a key run together', () => {
    const { recorder } = script()
    for (const [id, key] of [
      ['1', 'x'],
      ['2', 'y'],
      ['3', null],
      ['4', null],
    ] as const) {
      recorder.publishEnded(recorder.publishInvoked({ topic: 't', id, key, instance: 'p' }), 'ok')
    }
    const runs = [
      ['1', 'x'],
      ['2', 'y'],
      ['3', null],
      ['4', null],
    ] as const
    const open = ['g', 'h'].flatMap((group) =>
      runs.map(([id, key]) => recorder.handlerStarted({ topic: 't', id, key, group, instance: 'a' })),
    )
    for (const run of open) recorder.handlerEnded(run, 'ok')
    expect(found(recorder.history())).toEqual([])
  })
})
