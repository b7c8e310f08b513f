import { describe, expect, it } from 'vitest'
import { createDeadLetters } from '../../src/admin/dead-letters.js'
import { encodeUtf8 } from '../../src/kit/utf8.js'
import { adapterError } from '../../src/spi/adapter-error.js'
import { fixture, ref, refusal } from './fakes.js'

const failureHeaders = [
  ['x-own', 'kept'],
  ['x-bytes', new Uint8Array([255])],
  ['sluice-version', '1'],
  ['sluice-origin-topic', 'orders'],
  ['sluice-origin-group', 'billing'],
  ['sluice-origin-partition', '3'],
  ['sluice-reason', 'INVALID_PAYLOAD'],
  ['sluice-error-name', 'TypeError'],
  ['sluice-error-message', encodeUtf8('wrong ünit')],
  ['sluice-error-stack', 'at x'],
  ['sluice-attempts', '10'],
  ['sluice-failures', '9'],
  ['sluice-first-failure-ms', '1000'],
  ['sluice-last-failure-ms', '2000'],
  ['sluice-dead-lettered-ms', '3000'],
] as const

describe('list', () => {
  it('pages through everything, oldest first, and changes nothing', async () => {
    const { box, context } = fixture()
    for (let i = 1; i <= 7; i += 1) box.add(`m${i}`)
    box.shortAnswers = 2
    const letters = createDeadLetters(context)
    const first = await letters.list({ limit: 3 })
    expect(first.letters.map((letter) => letter.id)).toEqual(['m1', 'm2', 'm3'])
    const second = await letters.list({ limit: 3, after: first.next ?? '' })
    expect(second.letters.map((letter) => letter.id)).toEqual(['m4', 'm5', 'm6'])
    const third = await letters.list({ limit: 3, after: second.next ?? '' })
    expect(third).toMatchObject({ letters: [{ id: 'm7' }], next: undefined })
    expect(box.ids).toHaveLength(7)
    expect(box.removals).toEqual([])
    expect(box).toMatchObject({ opened: 3, closed: 3 })
  })

  it('has no next page when the last one is exactly full', async () => {
    const { box, context } = fixture()
    for (let i = 1; i <= 3; i += 1) box.add(`m${i}`)
    expect((await createDeadLetters(context).list({ limit: 3 })).next).toBeUndefined()
  })

  it('shows what is known of the failure', async () => {
    const { box, context } = fixture()
    box.add('m1', 'customer', failureHeaders)
    expect((await createDeadLetters(context).list()).letters).toEqual([
      {
        id: 'm1',
        key: 'customer',
        type: 'placed',
        body: encodeUtf8('body of m1'),
        contentType: 'application/json',
        headers: failureHeaders,
        reason: 'INVALID_PAYLOAD',
        error: { name: 'TypeError', message: 'wrong ünit', stack: 'at x' },
        attempts: 10,
        firstFailureMs: 1_000,
        lastFailureMs: 2_000,
        originTopic: 'orders',
        originGroup: 'billing',
        cursor: '1',
      },
    ])
  })

  it('shows a letter that the broker made by itself', async () => {
    const { box, context } = fixture()
    box.add('m1', null, [['sluice-attempts', 'many']])
    box.letters[0] = { ...(box.letters[0] as (typeof box.letters)[number]), id: undefined }
    expect((await createDeadLetters(context).list()).letters).toMatchObject([
      {
        id: 'orders-billing-1',
        key: null,
        reason: 'unknown',
        error: undefined,
        attempts: 0,
        firstFailureMs: undefined,
        ...{ originTopic: ref.topic, originGroup: ref.group },
      },
    ])
  })

  it('closes the box when reading fails, and gives up after the time limit', async () => {
    const { box, context, clock } = fixture()
    const never = {
      ...context,
      adapter: {
        ...context.adapter,
        deadLetters: async () => ({
          ...(await box.open()),
          read: (_: unknown, __: unknown, signal: AbortSignal) =>
            new Promise<never>((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(new Error('stopped'))),
            ),
        }),
      },
    }
    const listed = expect(createDeadLetters(never).list()).rejects.toMatchObject({ code: 'TIMEOUT', ...ref })
    await clock.advance(5_000)
    await listed
    expect(box).toMatchObject({ opened: 1, closed: 1 })
    expect(clock.pending).toBe(0)
  })
})

describe('purge', () => {
  it('removes everything that was there, and leaves what came meanwhile', async () => {
    const { box, context } = fixture()
    for (let i = 1; i <= 250; i += 1) box.add(`m${i}`)
    const filter = (): boolean => {
      if (box.letters.length === 250) box.add('new')
      return true
    }
    expect(await createDeadLetters(context).purge({ filter })).toEqual({ purged: 250 })
    expect(box.ids).toEqual(['new'])
    expect(await createDeadLetters(context).purge()).toEqual({ purged: 1 })
    expect(box).toMatchObject({ letters: [], opened: 2, closed: 2 })
  })

  it('removes only what the filter chooses', async () => {
    const { box, context } = fixture()
    for (let i = 1; i <= 6; i += 1) box.add(`m${i}`, i % 2 === 0 ? 'even' : 'odd')
    expect(await createDeadLetters(context).purge({ filter: (letter) => letter.key === 'even' })).toEqual({ purged: 3 })
    expect(box.ids).toEqual(['m1', 'm3', 'm5'])
  })

  it('does not take a promise for a yes', async () => {
    const { box, context } = fixture()
    box.add('m1')
    const filter = (() => Promise.resolve(false)) as never
    await expect(createDeadLetters(context).purge({ filter })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      field: 'filter',
    })
    const throws = (): boolean => {
      throw new Error('oh')
    }
    await expect(createDeadLetters(context).purge({ filter: throws })).rejects.toMatchObject({
      field: 'filter',
      cause: { message: 'oh' },
    })
    expect(box).toMatchObject({ opened: 2, closed: 2 })
    expect(box.ids).toEqual(['m1'])
  })
})

describe('all calls', () => {
  it('check their options before they open anything', async () => {
    const { box, context } = fixture()
    const letters = createDeadLetters(context)
    const wrong = [
      [() => letters.list({ limit: 0 }), 'limit'],
      [() => letters.list({ limit: -1 }), 'limit'],
      [() => letters.list({ after: 4 as never }), 'after'],
      [() => letters.list({ before: 'x' } as never), 'options.before'],
      [() => letters.redrive({ limit: -1 }), 'limit'],
      [() => letters.redrive({ limit: 1.5 }), 'limit'],
      [() => letters.redrive({ perSecond: 0 }), 'perSecond'],
      [() => letters.redrive({ filter: 'x' as never }), 'filter'],
      [() => letters.redrive({ dryRun: 'yes' as never }), 'dryRun'],
      [() => letters.redrive({ signal: {} as never }), 'signal'],
      [() => letters.redrive({ dryrun: true } as never), 'options.dryrun'],
      [() => letters.purge({ filter: 1 as never }), 'filter'],
      [() => letters.purge({ limit: 1 } as never), 'options.limit'],
    ] as const
    for (const [call, field] of wrong) await expect(call()).rejects.toMatchObject({ name: 'SluiceError', field })
    expect(box.opened).toBe(0)
  })

  it('reject BUSY while somebody else has the box', async () => {
    const { box, context } = fixture()
    const other = await box.open()
    const letters = createDeadLetters(context)
    for (const call of [letters.list(), letters.redrive(), letters.purge()]) {
      await expect(call).rejects.toMatchObject({ name: 'SluiceError', code: 'BUSY', retryable: true, ...ref })
    }
    await other.close()
    expect(await letters.list()).toEqual({ letters: [], next: undefined })
  })

  it('pass on what the adapter says, with its place', async () => {
    const deadLetters = (): Promise<never> => Promise.reject(adapterError('UNKNOWN_TOPIC', 'no such topic'))
    const { context } = fixture()
    const letters = createDeadLetters({ ...context, adapter: { ...context.adapter, deadLetters } })
    await expect(letters.list()).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC', ...ref })
  })

  it('reject CLOSED once the messaging object ends', async () => {
    const ending = new AbortController()
    const { box, context } = fixture({ ending: ending.signal })
    ending.abort()
    const letters = createDeadLetters(context)
    for (const call of [letters.list(), letters.redrive(), letters.purge()]) {
      await expect(call).rejects.toMatchObject({ code: 'CLOSED' })
    }
    expect(box.opened).toBe(0)
  })
})

describe('redrive', () => {
  it('sends each letter as it was to its group alone, with a clean record, and removes it', async () => {
    const { box, context, sent } = fixture()
    box.add('m1', 'customer', failureHeaders)
    const [letter] = box.letters
    expect(await createDeadLetters(context).redrive()).toEqual({ redriven: 1, skipped: 0 })
    expect(sent).toEqual([
      {
        atMs: 0,
        destination: { to: 'group', group: ref },
        partition: expect.any(Number),
        timeoutMs: 5_000,
        envelope: {
          id: 'm1',
          key: encodeUtf8('customer'),
          body: encodeUtf8('body of m1'),
          contentType: 'application/json',
          type: 'placed',
          correlationId: 'c',
          timestampMs: 7,
          headers: [
            ['x-own', 'kept'],
            ['x-bytes', new Uint8Array([255])],
            ['sluice-version', '1'],
            ['sluice-redriven', '1'],
          ],
          copyOf: letter,
          bytes: expect.any(Number),
        },
      },
    ])
    expect(box.letters).toEqual([])
    expect(box).toMatchObject({ opened: 1, closed: 1 })
  })

  it('counts how often a message was redriven', async () => {
    const { box, context, sent } = fixture()
    box.add('m1', null, [
      ['sluice-redriven', '2'],
      ['sluice-version', '1'],
    ])
    await createDeadLetters(context).redrive()
    expect(sent[0]?.envelope.headers).toEqual([
      ['sluice-version', '1'],
      ['sluice-redriven', '3'],
    ])
  })

  it('goes to the partition of the key, else to the one that the message came from', async () => {
    const { box, context, sent } = fixture()
    // murmur2 as in Java: "foobar" → -790332482, "21" → -973932308.
    box.add('k1', 'foobar', [['sluice-origin-partition', '0']])
    box.add('k2', '21')
    box.add('n1', null, [['sluice-origin-partition', '3']])
    box.add('n2', null, [['sluice-origin-partition', '9']])
    box.add('n3', null)
    await createDeadLetters(context).redrive()
    const expected = [(-790332482 & 0x7fffffff) % 4, (-973932308 & 0x7fffffff) % 4, 3, 0, 0]
    expect(sent.map((copy) => copy.partition)).toEqual(expected)
  })

  it('keeps the order of each key: the next only after the one before is confirmed', async () => {
    const made = fixture()
    for (let i = 0; i < 90; i += 1) made.box.add(`m${i}`, `k${i % 7}`)
    const open = new Set<string>()
    let together = 0
    made.onSend = async ({ envelope }) => {
      const key = String(envelope.key)
      expect(open.has(key)).toBe(false)
      open.add(key)
      together = Math.max(together, open.size)
      await new Promise<void>((resolve) => made.clock.after((Number(envelope.id.slice(1)) % 5) * 10, resolve))
      open.delete(key)
    }
    const done = createDeadLetters(made.context).redrive()
    await made.clock.advance(60_000)
    expect(await done).toEqual({ redriven: 90, skipped: 0 })
    for (let k = 0; k < 7; k += 1) {
      const numbers = made.sent.map((copy) => Number(copy.envelope.id.slice(1))).filter((n) => n % 7 === k)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    }
    expect(together).toBeGreaterThan(1)
    expect(together).toBeLessThanOrEqual(32)
  })

  it('removes nothing before it is confirmed, in the order of the box', async () => {
    const made = fixture()
    for (let i = 1; i <= 70; i += 1) made.box.add(`m${i}`)
    const confirmed = new Set<string>()
    made.onSend = async ({ envelope }) => {
      await new Promise<void>((resolve) => made.clock.after(100 - Number(envelope.id.slice(1)), resolve))
      confirmed.add(envelope.id)
    }
    const removed: string[] = []
    const { deadLetters } = made.context.adapter
    const watched = async (...args: Parameters<typeof deadLetters>): ReturnType<typeof deadLetters> => {
      const box = await deadLetters(...args)
      return {
        ...box,
        remove: (letters, signal) => {
          for (const letter of letters) expect(confirmed).toContain(letter.id)
          removed.push(...letters.map((letter) => letter.id ?? ''))
          return box.remove(letters, signal)
        },
      }
    }
    const done = createDeadLetters({
      ...made.context,
      adapter: { ...made.context.adapter, deadLetters: watched },
    }).redrive()
    await made.clock.advance(1_000)
    await done
    expect(removed).toEqual(Array.from({ length: 70 }, (_, index) => `m${index + 1}`))
  })

  it('sends only what was there when it began, though everything fails again at once', async () => {
    const made = fixture()
    for (let i = 1; i <= 150; i += 1) made.box.add(`m${i}`)
    made.onSend = ({ envelope }) => {
      made.box.add(envelope.id)
      return Promise.resolve()
    }
    expect(await createDeadLetters(made.context).redrive()).toEqual({ redriven: 150, skipped: 0 })
    expect(await createDeadLetters(made.context).redrive({ limit: 1_000 })).toEqual({ redriven: 150, skipped: 0 })
    expect(await createDeadLetters(made.context).redrive({ limit: 1_000, filter: () => true })).toEqual({
      redriven: 150,
      skipped: 0,
    })
    expect(made.sent).toHaveLength(450)
    expect(made.box.letters).toHaveLength(150)
  })

  it('stops at the limit and leaves what the filter does not want', async () => {
    const { box, context, sent } = fixture()
    for (let i = 1; i <= 100; i += 1) box.add(`m${i}`)
    const letters = createDeadLetters(context)
    const filter = ({ id }: { id: string }): boolean => Number(id.slice(1)) % 2 === 0
    expect(await letters.redrive({ limit: 3, filter })).toEqual({ redriven: 3, skipped: 3 })
    expect(sent.map((copy) => copy.envelope.id)).toEqual(['m2', 'm4', 'm6'])
    expect(box.ids.slice(0, 5)).toEqual(['m1', 'm3', 'm5', 'm7', 'm8'])
    expect(await letters.redrive({ limit: 40 })).toEqual({ redriven: 40, skipped: 0 })
    expect(box.letters).toHaveLength(57)
    expect(await letters.redrive({ limit: 0 })).toEqual({ redriven: 0, skipped: 0 })
  })

  it('only counts when it is a dry run', async () => {
    const { box, context, sent } = fixture()
    for (let i = 1; i <= 10; i += 1) box.add(`m${i}`)
    const filter = ({ id }: { id: string }): boolean => id !== 'm3'
    expect(await createDeadLetters(context).redrive({ dryRun: true, filter })).toEqual({ redriven: 9, skipped: 1 })
    expect(sent).toEqual([])
    expect(box.letters).toHaveLength(10)
  })

  it('stops at the first that is not confirmed: it and what follows stay, what was sent goes', async () => {
    const made = fixture()
    for (let i = 1; i <= 80; i += 1) made.box.add(`m${i}`, i % 2 === 0 ? 'even' : 'odd')
    made.onSend = ({ envelope }) => (envelope.id === 'm40' ? Promise.reject(refusal()) : Promise.resolve())
    await expect(createDeadLetters(made.context).redrive()).rejects.toMatchObject({ code: 'REFUSED' })
    const sent = made.sent.map((copy) => copy.envelope.id).filter((id) => id !== 'm40')
    expect(made.box.ids).toEqual(Array.from({ length: 80 }, (_, i) => `m${i + 1}`).filter((id) => !sent.includes(id)))
    expect(made.box.ids.slice(0, 2)).toEqual(['m40', expect.stringMatching(/^m4[1-3]$/)])
    expect(sent).not.toContain('m42')
    expect(made.box).toMatchObject({ opened: 1, closed: 1 })
    made.onSend = () => Promise.resolve()
    await createDeadLetters(made.context).redrive()
    const all = new Set(made.sent.map((copy) => copy.envelope.id))
    expect(all.size).toBe(80)
    expect(made.box.letters).toEqual([])
  })

  it('repeats and never loses when removing fails', async () => {
    const made = fixture()
    for (let i = 1; i <= 3; i += 1) made.box.add(`m${i}`)
    const { deadLetters } = made.context.adapter
    const broken = async (...args: Parameters<typeof deadLetters>): ReturnType<typeof deadLetters> => ({
      ...(await deadLetters(...args)),
      remove: () => Promise.reject(adapterError('DISCONNECTED', 'gone', { retryable: true })),
    })
    const first = createDeadLetters({ ...made.context, adapter: { ...made.context.adapter, deadLetters: broken } })
    await expect(first.redrive()).rejects.toMatchObject({ code: 'DISCONNECTED', ...ref })
    expect(made.box.ids).toEqual(['m1', 'm2', 'm3'])
    expect(made.box).toMatchObject({ opened: 1, closed: 1 })
    expect(await createDeadLetters(made.context).redrive()).toEqual({ redriven: 3, skipped: 0 })
    expect(made.sent.map((copy) => copy.envelope.id)).toEqual(['m1', 'm2', 'm3', 'm1', 'm2', 'm3'])
  })

  it.each([0.5, 10, 400])('sends at most %d per second', async (perSecond) => {
    const { box, context, sent, clock } = fixture()
    for (let i = 1; i <= 60; i += 1) box.add(`m${i}`)
    const done = createDeadLetters(context).redrive({ perSecond })
    await clock.advance(60_000 / perSecond)
    expect(await done).toEqual({ redriven: 60, skipped: 0 })
    sent.forEach((copy, index) => expect(copy.atMs).toBeCloseTo((index * 1_000) / perSecond, 3))
  })

  it('stops between two letters when it is told to, also while it waits, and says what it did', async () => {
    const { box, context, sent, clock } = fixture()
    for (let i = 1; i <= 60; i += 1) box.add(`m${i}`)
    const stop = new AbortController()
    const done = createDeadLetters(context).redrive({ perSecond: 1, signal: stop.signal })
    await clock.advance(4_500)
    stop.abort()
    expect(await done).toEqual({ redriven: 5, skipped: 0 })
    expect(sent).toHaveLength(5)
    expect(box.ids[0]).toBe('m6')
    expect(box).toMatchObject({ opened: 1, closed: 1 })
    expect(clock.pending).toBe(0)
    expect(await createDeadLetters(context).redrive({ signal: stop.signal })).toEqual({ redriven: 0, skipped: 0 })
  })

  it('waits for what is on its way before it stops', async () => {
    const made = fixture()
    for (let i = 1; i <= 50; i += 1) made.box.add(`m${i}`)
    const stop = new AbortController()
    made.onSend = () => {
      stop.abort()
      return new Promise<void>((resolve) => made.clock.after(1_000, resolve))
    }
    const done = createDeadLetters(made.context).redrive({ signal: stop.signal })
    await made.clock.advance(1_000)
    expect(await done).toEqual({ redriven: 1, skipped: 0 })
    expect(made.box.letters).toHaveLength(49)
  })

  it('ends with the messaging object: what was sent is removed, and the call rejects CLOSED', async () => {
    const ending = new AbortController()
    const { box, context, clock } = fixture({ ending: ending.signal })
    for (let i = 1; i <= 10; i += 1) box.add(`m${i}`)
    const done = createDeadLetters(context).redrive({ perSecond: 1 })
    const rejected = expect(done).rejects.toMatchObject({ code: 'CLOSED' })
    await clock.advance(2_500)
    ending.abort()
    await rejected
    expect(box.letters).toHaveLength(7)
    expect(box).toMatchObject({ opened: 1, closed: 1 })
  })

  it('is refused where groups cannot be addressed', async () => {
    const { box, context } = fixture()
    const adapter = { ...context.adapter, capabilities: { groupAddress: false } as never }
    await expect(createDeadLetters({ ...context, adapter }).redrive()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(box.opened).toBe(0)
  })
})
