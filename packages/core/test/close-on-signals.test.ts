import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeOnSignals, type CloseOnSignalsOptions } from '../src/close-on-signals.js'
import type { CloseOptions } from '../src/consume/options.js'
import type { Messaging } from '../src/messaging-handle.js'
import type { CloseReport } from '../src/model/health.js'

const report = (clean: boolean): CloseReport => ({
  clean,
  leftRunning: clean ? 0 : 1,
  leftWaiting: 0,
  leftPublishes: 0,
})

interface Fake {
  readonly closes: CloseOptions[]
  end(clean: boolean): Promise<void>
  fail(error: Error): Promise<void>
  /** Somebody calls close on the messaging object. */
  closedElsewhere(): void
  close(options?: CloseOptions): Promise<CloseReport>
  on: Messaging['on']
}

function fake(): Fake {
  let resolve: (report: CloseReport) => void
  let reject: (error: Error) => void
  const closing = new Promise<CloseReport>((yes, no) => {
    resolve = yes
    reject = no
  })
  const listeners: (() => void)[] = []
  const settled = (): Promise<void> => new Promise((done) => setImmediate(done))
  const made: Fake = {
    closes: [],
    closedElsewhere: () => {
      for (const listener of listeners) listener()
    },
    end: (clean) => (resolve(report(clean)), settled()),
    fail: (error) => (reject(error), settled()),
    close: (options = {}) => {
      made.closes.push(options)
      return closing
    },
    on: (_, listener) => {
      listeners.push(listener as () => void)
      return () => undefined
    },
  }
  return made
}

const raised: [number, unknown][] = []
const exits: unknown[] = []
let before: number[]
const counts = (): number[] => ['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => process.listenerCount(signal))
const raise = (signal: NodeJS.Signals): void => void process.emit(signal, signal)

beforeEach(() => {
  before = counts()
  raised.length = 0
  exits.length = 0
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    raised.push([pid, signal])
    return true
  })
  vi.spyOn(process, 'exit').mockImplementation((code) => exits.push(code ?? 'none') as never)
})

afterEach(() => {
  vi.restoreAllMocks()
  if (String(counts()) !== String(before)) throw new Error('a listener is left behind')
})

function listen(messaging: Fake, options?: CloseOnSignalsOptions): () => void {
  const remove = closeOnSignals(messaging, options)
  expect(counts()).not.toEqual(before)
  return remove
}

describe('closeOnSignals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('drains on %s, then lets the process end by itself', async (signal) => {
    const messaging = fake()
    listen(messaging)
    raise(signal)
    expect(messaging.closes).toEqual([{}])
    await messaging.end(true)
    expect([raised, exits]).toEqual([[], []])
  })

  it('passes the deadline on and listens to other signals when told so', async () => {
    const messaging = fake()
    listen(messaging, { signals: ['SIGHUP'], deadlineMs: 3_000 })
    expect(counts()).toEqual([before[0], before[1], (before[2] ?? 0) + 1])
    raise('SIGHUP')
    expect(messaging.closes).toEqual([{ deadlineMs: 3_000 }])
    await messaging.end(true)
  })

  it('does not wait any longer after a second signal', async () => {
    const messaging = fake()
    listen(messaging)
    raise('SIGTERM')
    raise('SIGINT')
    expect(messaging.closes).toHaveLength(1)
    expect(raised).toEqual([[process.pid, 'SIGINT']])
    expect(counts()).toEqual(before)
    await messaging.end(false)
    expect(raised).toHaveLength(1)
  })

  it('raises the signal again when the deadline has passed', async () => {
    const messaging = fake()
    listen(messaging)
    raise('SIGTERM')
    await messaging.end(false)
    expect(raised).toEqual([[process.pid, 'SIGTERM']])
  })

  it('warns and raises the signal again when closing fails', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const messaging = fake()
    listen(messaging, { exit: true })
    raise('SIGTERM')
    await messaging.fail(new Error('oh'))
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('oh'), 'SluiceWarning')
    expect([raised, exits]).toEqual([[[process.pid, 'SIGTERM']], []])
  })

  it('ends the process after a clean close when told so', async () => {
    const messaging = fake()
    const remove = listen(messaging, { exit: true })
    raise('SIGTERM')
    await messaging.end(true)
    expect([raised, exits]).toEqual([[], ['none']])
    remove()
  })

  it('does nothing once it is removed', () => {
    const messaging = fake()
    listen(messaging)()
    process.once('SIGTERM', () => undefined)
    raise('SIGTERM')
    expect(messaging.closes).toEqual([])
  })

  it('lets go of the signals when somebody else closes', () => {
    const messaging = fake()
    const before = process.listenerCount('SIGINT')
    listen(messaging)
    expect(process.listenerCount('SIGINT')).toBe(before + 1)
    messaging.closedElsewhere()
    expect(process.listenerCount('SIGINT')).toBe(before)
    expect(messaging.closes).toEqual([])
  })

  it('refuses wrong options and listens to nothing then', () => {
    const wrong = [{ deadlineMs: -1 }, { signals: [] }, { signals: ['term'] }, { exit: 1 }, { deadline: 1 }] as never[]
    for (const options of wrong)
      expect(() => closeOnSignals(fake(), options)).toThrow(expect.objectContaining({ name: 'SluiceError' }))
  })
})
