import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { shapeOf, type Fault } from '../../src/proxy/fault.js'
import { FlowQueue } from '../../src/proxy/flow-queue.js'
import { seededRandom } from '../../src/scenario/random.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

interface Write {
  readonly atMs: number
  readonly text: string
}

/** A queue between sockets that do nothing, in made-up time. */
function makeQueue(
  faults: readonly Fault[],
  seed = 1,
): { queue: FlowQueue; writes: Write[]; source: Socket; sink: Socket } {
  const startMs = performance.now()
  const writes: Write[] = []
  const sink = Object.assign(new EventEmitter(), {
    writable: true,
    full: false,
    write(bytes: Buffer, written: () => void) {
      writes.push({ atMs: Math.round(performance.now() - startMs), text: bytes.toString() })
      written()
      return !sink.full
    },
  })
  let paused = false
  const source = { isPaused: () => paused, pause: () => (paused = true), resume: () => (paused = false) }
  const options = { random: seededRandom(seed), cut: () => undefined, passed: () => undefined }
  const sockets = { source: source as unknown as Socket, sink: sink as unknown as Socket }
  const queue = new FlowQueue({ ...options, ...sockets })
  queue.shape(shapeOf(faults, 'toBroker'))
  return { queue, writes, ...sockets }
}

const jitter: Fault = { kind: 'delay', ms: 10, jitterMs: 400, direction: undefined }

describe('the queue of a flow', () => {
  test('the same seed gives the same times, another seed others, and the order stays', () => {
    const times = (seed: number): Write[] => {
      const { queue, writes } = makeQueue([jitter], seed)
      for (const letter of 'abcdefgh') {
        queue.add(Buffer.from(letter))
        vi.advanceTimersByTime(60)
      }
      vi.runAllTimers()
      return writes
    }
    expect(times(7)).toEqual(times(7))
    expect(times(8)).not.toEqual(times(7))
    expect(
      times(8)
        .map(({ text }) => text)
        .join(''),
    ).toBe('abcdefgh')
    for (const { atMs } of times(9)) expect(atMs).toBeGreaterThanOrEqual(10)
  })

  test('bandwidth is kept to the byte', () => {
    const { queue, writes } = makeQueue([{ kind: 'bandwidth', bytesPerSecond: 1000, direction: 'toBroker' }])
    queue.add(Buffer.alloc(500, 'x'))
    vi.advanceTimersByTime(200)
    expect(writes.reduce((sum, { text }) => sum + text.length, 0)).toBe(250)
    vi.runAllTimers()
    expect(writes.at(-1)?.atMs).toBe(450)
    expect(writes).toHaveLength(10)
  })

  test('slices leave one in each turn of the event loop', () => {
    const { queue, writes } = makeQueue([{ kind: 'slice', bytes: 2, direction: undefined }])
    queue.add(Buffer.from('abcde'))
    expect(writes.map(({ text }) => text)).toEqual(['ab'])
    vi.runAllTimers()
    expect(writes.map(({ text }) => text)).toEqual(['ab', 'cd', 'e'])
  })

  test('a full sink stops the source until it drains; so does a hold of 64 MiB', () => {
    const { queue, source, sink } = makeQueue([])
    Object.assign(sink, { full: true })
    queue.add(Buffer.from('a'))
    expect(source.isPaused()).toBe(true)
    sink.emit('drain')
    expect(source.isPaused()).toBe(false)

    Object.assign(sink, { full: false })
    queue.shape(shapeOf([{ kind: 'hold', direction: undefined }], 'toBroker'))
    const block = Buffer.alloc(1024 * 1024)
    for (let count = 0; count < 64; count += 1) queue.add(block)
    expect(source.isPaused()).toBe(false)
    queue.add(block)
    expect(source.isPaused()).toBe(true)
    queue.shape(shapeOf([], 'toBroker'))
    expect(source.isPaused()).toBe(false)
  })

  test('many small pieces are held and delivered in order', () => {
    const { queue, writes } = makeQueue([{ kind: 'hold', direction: undefined }])
    const digits = Array.from({ length: 10 }, (_, digit) => Buffer.from(String(digit)))
    for (let count = 0; count < 300_000; count += 1) queue.add(digits[count % 10] ?? Buffer.alloc(0))
    queue.shape(shapeOf([], 'toBroker'))
    expect(writes).toHaveLength(300_000)
    expect(writes.every(({ text }, index) => text === String(index % 10))).toBe(true)
  })
})
