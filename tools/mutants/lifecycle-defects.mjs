const core = 'packages/core/src'

/** @type {readonly import('./defects.mjs').Defect[]} */
export const lifecycleDefects = [
  {
    number: '3',
    title: 'the last message of a drain is lost',
    ids: ['D1'],
    replace: [
      {
        file: `${core}/consume/intake.ts`,
        find: "      if (work.state === 'running' || work.state === 'copying' || work.state === 'ended') continue\n",
        replacement: `      if (work.state === 'running' || work.state === 'copying' || work.state === 'ended') continue
      if (this.#closing && work.state === 'waiting' && work === [...state.works].at(-1)) this.#c.consumer().done(work.inbound)
`,
      },
    ],
  },
  {
    number: '22',
    title: 'close resolves while a dead letter is unconfirmed',
    ids: ['D10'],
    replace: [
      {
        file: `${core}/consume/settlement.ts`,
        find: "    work.state = 'copying'\n    const envelope = deadLetterEnvelope({",
        replacement: "    work.state = 'copying'\n    work.claim.leave()\n    const envelope = deadLetterEnvelope({",
      },
      {
        file: `${core}/consume/settlement.ts`,
        find: '    work.claim.works.delete(work)\n    work.claim.leave()\n    this.#next(work)',
        replacement:
          "    work.claim.works.delete(work)\n    if (count !== 'deadLettered') work.claim.leave()\n    this.#next(work)",
      },
      {
        file: `${core}/messaging.ts`,
        find: 'await this.#bounded(leftMs(), (signal) => this.#publisher.flush(signal))',
        replacement: 'await Promise.resolve()',
      },
    ],
  },
  {
    number: '23',
    title: 'a publish of a handler is refused during the drain',
    ids: ['D10'],
    replace: [
      {
        file: `${core}/messaging.ts`,
        find: "    this.#phase = 'closing'\n",
        replacement: "    this.#phase = 'closing'\n    this.#publisher.stopNew()\n",
      },
    ],
  },
  {
    number: '24',
    title: 'close waits for held retries',
    ids: ['D2'],
    replace: [
      {
        file: `${core}/consume/intake.ts`,
        find: "if (work.state === 'running' || work.state === 'copying' || work.state === 'ended') continue",
        replacement:
          "if (work.state === 'running' || work.state === 'copying' || work.state === 'ended' || work.state === 'holding') continue",
      },
      {
        file: `${core}/consume/settlement.ts`,
        find: `    work.claim.leave()
    work.cancelHold = this.#c.timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      work.notBeforeMs = 0
      work.state = 'waiting'
`,
        replacement: `    work.cancelHold = this.#c.timing.timers.after(delayMs, () => {
      work.cancelHold = undefined
      work.notBeforeMs = 0
      if (work.claim.status !== 'active') {
        work.state = 'running'
        this.leave(work)
        return
      }
      work.claim.leave()
      work.state = 'waiting'
`,
      },
    ],
  },
  {
    number: '25',
    title: 'close dead-letters healthy messages',
    ids: ['D2'],
    replace: [
      {
        file: `${core}/consume/intake.ts`,
        find: "      if (work.state === 'waiting') {\n",
        replacement: `      if (work.state === 'waiting' && this.#closing) {
        lane.clear()
        lane.occupied += 1
        work.claim.enter()
        this.#c.settlement.deadLetter(work, new Error('the process is closing'))
        continue
      }
      if (work.state === 'waiting') {
`,
      },
    ],
  },
  {
    number: '32',
    title: 'a timer is left behind',
    ids: ['D6'],
    replace: [
      {
        file: `${core}/consume/subscription.ts`,
        find: '    this.#timing.timers.clear()\n',
        replacement: '    this.#timing.clock.after(20_000, () => undefined)\n    this.#timing.timers.clear()\n',
      },
    ],
  },
  {
    number: '33',
    title: 'a listener is added at each reconnect',
    ids: ['R7'],
    replace: [
      {
        file: `${core}/messaging.ts`,
        find: '    this.#sides[side] = state\n',
        replacement:
          "    this.#sides[side] = state\n    if (state === 'ready') process.on('exit', () => this.#phase)\n",
      },
    ],
  },
  {
    number: '34',
    title: 'pause gives everything back',
    ids: ['R8'],
    replace: [
      {
        file: `${core}/consume/subscription.ts`,
        find: "    this.#gate.close('paused')\n    this.#consumer?.pause()\n",
        replacement: `    this.#gate.close('paused')
    this.#consumer?.pause()
    const claims = [...this.#intake.claims].map(({ claim }) => claim)
    this.#intake.lost(claims, { code: 'CLOSED', scope: 'group', retryable: true, fatal: false, text: 'paused' })
    for (const claim of claims) void this.#consumer?.rewind(claim)
`,
      },
    ],
  },
]
