const core = 'packages/core/src'

/** @type {readonly import('./defects.mjs').Defect[]} */
export const failureDefects = [
  {
    number: '6',
    title: 'a lane is freed while a retry waits in it',
    ids: ['O3'],
    replace: [
      {
        file: `${core}/consume/settlement.ts`,
        find: `    work.claim.leave()
    work.cancelHold = this.#c.timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      work.notBeforeMs = 0
      work.state = 'waiting'
      work.lane.occupied -= 1
`,
        replacement: `    work.claim.leave()
    work.lane.occupied -= 1
    this.#c.scheduler().offer(work.lane)
    work.cancelHold = this.#c.timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      work.notBeforeMs = 0
      work.state = 'waiting'
`,
      },
    ],
  },
  {
    number: '7',
    title: 'a held retry keeps its slot',
    ids: ['O3'],
    replace: [
      {
        file: `${core}/consume/ending.ts`,
        find: 'scheduler.slotFreed(alone)\n',
        replacement: 'if (!failed) scheduler.slotFreed(alone)\n',
      },
      {
        file: `${core}/consume/settlement.ts`,
        find: `      work.notBeforeMs = 0
      work.state = 'waiting'
`,
        replacement: `      work.notBeforeMs = 0
      if (work.failures > 0) this.#c.scheduler().slotFreed(false)
      work.state = 'waiting'
`,
      },
    ],
  },
  {
    number: '9',
    title: 'the give-back of a message lets the next of its key start',
    ids: ['O14'],
    replace: [
      {
        file: `${core}/consume/settlement.ts`,
        find: `      this.#rest(work, delayMs)
      return
    }
    work.state = 'holding'
    work.claim.leave()
    work.cancelHold = timing.timers.after(delayMs, () => {`,
        replacement: `      if (work.lost || work.claim.status !== 'active') {
        this.#rest(work, delayMs)
        return
      }
      work.state = 'waiting'
      work.claim.leave()
      work.lane.occupied -= 1
      work.lane.push(work)
      this.#next(work)
      return
    }
    work.state = 'holding'
    work.claim.leave()
    work.cancelHold = timing.timers.after(delayMs, () => {`,
      },
    ],
  },
  {
    number: '11',
    title: 'the original is ended without waiting for its dead letter to be stored',
    ids: ['S8'],
    replace: [
      {
        file: `${core}/consume/settlement.ts`,
        find: `    copies.send({ destination, partition: work.inbound.claim.partition, envelope, timeoutMs: copyTimeoutMs }).then(
      () => {
        const attempts`,
        replacement: `    copies.send({ destination, partition: work.inbound.claim.partition, envelope, timeoutMs: copyTimeoutMs }).catch(() => undefined)
    Promise.resolve().then(
      () => {
        const attempts`,
      },
    ],
  },
  {
    number: '12',
    title: 'the original is ended when its dead letter is uncertain',
    ids: ['S8'],
    replace: [
      {
        file: `${core}/consume/settlement.ts`,
        find: "    emitter.emit('deadLetterFailed', { ...ref, id: work.id, error: cause })\n",
        replacement: `    emitter.emit('deadLetterFailed', { ...ref, id: work.id, error: cause })
    if (cause.code === 'UNCERTAIN') {
      this.#done(work, 'deadLettered')
      return
    }
`,
      },
      {
        file: `${core}/consume/settlement.ts`,
        find: 'const copyTimeoutMs = 30_000',
        replacement: 'const copyTimeoutMs = 300',
      },
    ],
  },
  {
    number: '15',
    title: 'a durable delay starts the count of attempts anew',
    ids: ['S9'],
    replace: [
      {
        file: `${core}/failure/delayed-copy.ts`,
        find: 'headers.push([names.failures, String(work.failures)])',
        replacement: "headers.push([names.failures, '0'])",
      },
    ],
  },
  {
    number: '16',
    title: 'a hand-over counts as an attempt',
    ids: ['S17'],
    replace: [
      {
        file: `${core}/consume/work.ts`,
        find: 'this.failures = inbound.failures',
        replacement: 'this.failures = inbound.failures + (inbound.handovers ?? 0)',
      },
    ],
  },
  {
    number: '17a',
    title: 'a wait for the limiter counts as an attempt',
    ids: ['L3'],
    replace: [
      {
        file: `${core}/consume/gate.ts`,
        find: 'const waitMs = this.#limiter === undefined ? 0 : this.#limiter.take(work.inbound.key)\n',
        replacement:
          'const waitMs = this.#limiter === undefined ? 0 : this.#limiter.take(work.inbound.key)\n      if (waitMs > 0) work.failures += 1\n',
      },
    ],
  },
  {
    number: '17b',
    title: 'a probe of the breaker counts as an attempt',
    ids: ['B1'],
    replace: [
      {
        file: `${core}/failure/breaker.ts`,
        find: `      this.#arm()
    }
    return false`,
        replacement: `      this.#arm()
    }
    return isProbe`,
      },
    ],
  },
  {
    number: '27',
    title: 'a failed batch counts an attempt of members that were never wrong',
    ids: ['C11'],
    replace: [
      {
        file: `${core}/consume/ending.ts`,
        find: '      if (failed && !settled) {',
        replacement: `      if (failed && !settled) {
        work.failures += 1
      }
      if (failed && !settled && work.failures < 3) {`,
      },
    ],
  },
  {
    number: '38',
    title: 'delays are measured on the wall clock',
    ids: ['T4'],
    replace: [
      {
        file: `${core}/kit/timer-heap.ts`,
        find: 'const now = clock.monotonic()',
        replacement: 'const now = clock.now()',
      },
      {
        file: `${core}/kit/timer-heap.ts`,
        find: 'first.due - clock.monotonic()',
        replacement: 'first.due - clock.now()',
      },
      {
        file: `${core}/kit/timer-heap.ts`,
        find: 'queue.add(clock.monotonic() +',
        replacement: 'queue.add(clock.now() +',
      },
    ],
  },
]
