import { describe, expect, it } from 'vitest'
import { BatchError } from '../../src/errors/batch-error.js'
import { createSimulatedClock } from '../../src/kit/simulated-clock.js'
import { unchecked } from '../../src/model/schema.js'
import { defineTopic } from '../../src/model/topic.js'
import { refused, silent, stored } from './fake-broker.js'
import { publishing } from './publishing.js'

const topic = defineTopic('t', { schema: unchecked<unknown>(), key: () => 'k' })

const numbered = (count: number): { id: string; payload: number }[] =>
  Array.from({ length: count }, (_, n) => ({ id: `m${n}`, payload: n }))

describe('publishBatch', () => {
  it('resolves with a receipt per message, in order, and sends them side by side', async () => {
    const { broker, publisher } = publishing()
    const receipts = await publisher.publishBatch(topic, new Set(numbered(500)))
    expect(receipts.map(({ id }) => id)).toEqual(numbered(500).map(({ id }) => id))
    expect(broker.firsts()).toEqual(numbered(500).map(({ id }) => id))
    expect(await publisher.publishBatch(topic, [])).toEqual([])
  })

  it('hides nobody: one result per message, and a bad one does not stop the others', async () => {
    const { broker, publisher } = publishing({ fate: ({ id }) => (id === 'm3' ? refused() : stored) })
    const entries: object[] = numbered(6)
    entries[1] = { id: 'm1', payload: () => 1 }
    entries[2] = { id: 'm2', payload: 2, timeoutMs: 5 }
    entries[4] = 'nothing' as unknown as object
    const error = await publisher.publishBatch(topic, entries).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BatchError)
    const { results } = error as BatchError
    expect(results.map((result) => (result.status === 'failed' ? result.error.code : 'stored'))).toEqual([
      ...['stored', 'NOT_SERIALIZABLE', 'UNKNOWN_OPTION', 'REFUSED', 'INVALID_OPTION', 'stored'],
    ])
    expect(results[2]).toMatchObject({ error: { field: 'entries[2].timeoutMs' } })
    expect(results[4]).toMatchObject({ error: { field: 'entries[4]' } })
    expect(broker.firsts()).toEqual(['m0', 'm5'])
    const settled = await publisher.publishBatch(topic, entries, { settled: true })
    expect(settled.map((result) => (result as unknown as { status: string }).status)).toEqual([
      ...['stored', 'failed', 'failed', 'failed', 'failed', 'stored'],
    ])
  })

  it('has one deadline and one signal for all', async () => {
    const clock = createSimulatedClock()
    const { publisher } = publishing({ clock, fate: ({ id }) => (id === 'm0' ? stored : silent(true)) })
    const late = publisher.publishBatch(topic, numbered(3), { timeoutMs: 100, settled: true })
    await clock.advance(100)
    expect((await late) as unknown).toMatchObject([
      { status: 'stored' },
      { status: 'failed', error: { code: 'UNCERTAIN' } },
      { status: 'failed', error: { code: 'UNCERTAIN' } },
    ])
    const aborted = publisher.publishBatch(topic, numbered(2), { signal: AbortSignal.abort(), settled: true })
    expect((await aborted) as unknown).toMatchObject([{ error: { code: 'ABORTED' } }, { error: { code: 'ABORTED' } }])
  })

  it.each([
    ['entries that cannot be iterated', 5, undefined, 'INVALID_OPTION', 'entries'],
    ['no entries', undefined, undefined, 'INVALID_OPTION', 'entries'],
    ['an unknown option', [], { id: 'x' }, 'UNKNOWN_OPTION', 'options.id'],
    ['settled that is no boolean', [], { settled: 1 }, 'INVALID_OPTION', 'options.settled'],
  ] as const)('rejects %s', async (_, entries, options, code, field) => {
    const { publisher } = publishing()
    const error = publisher.publishBatch(topic, entries as unknown as object[], options)
    await expect(error).rejects.toMatchObject({ code, field })
  })

  it('publishes nothing when the iteration fails half-way', async () => {
    const { broker, publisher } = publishing()
    function* broken(): Generator<object> {
      yield { payload: 1 }
      throw new Error('broken')
    }
    await expect(publisher.publishBatch(topic, broken())).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      field: 'entries',
    })
    await publisher.publish(topic, 2, { id: 'after' })
    expect(broker.firsts()).toEqual(['after'])
  })

  it('runs middleware around each message', async () => {
    const middleware = [
      {
        name: 'choosy',
        publish: async (message: { id: string }, next: () => Promise<never>) => {
          if (message.id === 'm1') throw new Error('not this one')
          return next()
        },
      },
    ]
    const { broker, publisher } = publishing({ middleware })
    const results = await publisher.publishBatch(topic, numbered(3), { settled: true })
    expect(results as unknown).toMatchObject([
      { status: 'stored' },
      { status: 'failed', error: { code: 'INTERNAL', cause: { message: 'not this one' } } },
      { status: 'stored' },
    ])
    expect(broker.firsts()).toEqual(['m0', 'm2'])
  })
})
