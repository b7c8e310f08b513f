const core = 'packages/core/src'

/** @type {readonly import('./defects.mjs').Defect[]} */
export const consumeDefects = [
  {
    number: '1',
    title: "a delivery is settled before the handler's promise ends",
    ids: ['C5', 'D7'],
    replace: [
      {
        file: `${core}/consume/single-calls.ts`,
        find: 'whenEnded(result, slot.fulfilled, slot.rejected)\n        return\n',
        replacement: 'Promise.resolve(result).catch(() => undefined)\n',
      },
    ],
  },
  {
    number: '4',
    title: 'one key in two lanes',
    ids: ['O2'],
    replace: [
      {
        file: `${core}/consume/lane-table.ts`,
        find: 'return hash | 0',
        replacement: 'return (hash + Math.floor(Math.random() * 2)) | 0',
      },
    ],
  },
  {
    number: '5',
    title: 'sixteen hash slots instead of lanes',
    ids: ['O1'],
    replace: [
      {
        file: `${core}/consume/lane-table.ts`,
        find: 'return hash | 0',
        replacement: 'return hash & 15',
      },
      {
        file: `${core}/consume/lane-table.ts`,
        find: '!isSame(lane.key, key)',
        replacement: '!isSame(lane.key, lane.key)',
      },
    ],
  },
  {
    number: '8',
    title: 'a rate token is taken at intake, not at handler start',
    ids: ['L5'],
    replace: [
      {
        file: `${core}/consume/gate.ts`,
        find: '  /** Takes the token, and',
        replacement: `  grant(work: Work & { token?: boolean }): void {
    const waitMs = this.#limiter?.take(work.inbound.key) ?? 0
    if (waitMs > 0) this.#timers.after(waitMs, () => this.grant(work))
    else {
      work.token = true
      this.#wake()
    }
  }

  /** Takes the token, and`,
      },
      {
        file: `${core}/consume/gate.ts`,
        find: 'const waitMs = this.#limiter === undefined ? 0 : this.#limiter.take(work.inbound.key)',
        replacement:
          'const waitMs = this.#limiter === undefined || (work as Work & { token?: boolean }).token === true ? 0 : Infinity',
      },
      {
        file: `${core}/consume/scheduler.ts`,
        find: '  /** A handler call has ended. */',
        replacement: `  grant(work: Work): void {
    this.#gate.grant(work)
  }

  /** A handler call has ended. */`,
      },
      {
        file: `${core}/consume/intake.ts`,
        find: '      state.works.add(work)\n',
        replacement: '      state.works.add(work)\n      scheduler().grant(work)\n',
      },
    ],
  },
  {
    number: '10',
    title: 'the window is off by a factor of partitions',
    ids: ['C9'],
    replace: [
      {
        file: `${core}/consume/subscription.ts`,
        find: 'const { order, from, onPositionLost, window, handOverMs } = options',
        replacement: `const { order, from, onPositionLost, handOverMs } = options
    const window = { messages: options.window.messages * 8, bytes: options.window.bytes * 8 }`,
      },
    ],
  },
  {
    number: '13',
    title: 'what cannot be decoded is dropped',
    ids: ['S7'],
    replace: [
      {
        file: `${core}/consume/prepare.ts`,
        find: "    work.lastError = error\n    party.dropped(work, () => this.#c.settlement.apply(work, { kind: 'dead-letter', error }))",
        replacement: "    party.dropped(work, () => this.#c.settlement.apply(work, { kind: 'ack' }))",
      },
    ],
  },
  {
    number: '14',
    title: 'a tombstone is handed to the JSON codec',
    ids: ['S7'],
    replace: [
      {
        file: `${core}/consume/decode.ts`,
        find: 'if (text === undefined && inbound.body === null) return tombstone(topic, inbound, keyText)\n    const value = decodeBody(inbound, text,',
        replacement: "const value = decodeBody(inbound, inbound.body === null ? '' : text,",
      },
    ],
  },
  {
    number: '18',
    title: 'a second settle silently replaces the first',
    ids: ['S3'],
    replace: [
      {
        file: `${core}/consume/delivery.ts`,
        find: '  #settle(outcome: Outcome): Promise<void> {\n    if (this.#outcome !== undefined) {',
        replacement: '  #settle(outcome: Outcome): Promise<void> {\n    if (this.#outcome === outcome) {',
      },
    ],
  },
  {
    number: '19',
    title: "a settle of a dead claim is applied to the new epoch's delivery of the same message",
    ids: ['S16'],
    replace: [
      {
        file: `${core}/consume/intake.ts`,
        find: '      state.works.add(work)\n',
        replacement: `      state.works.add(work)
      ;((globalThis as { newest?: Map<string, Work> }).newest ??= new Map()).set(\`\${this.#c.ref.topic} \${this.#c.ref.group} \${work.id}\`, work)
`,
      },
      {
        file: `${core}/consume/ending.ts`,
        find: '    const leave = (): void => settlement.leave(work)\n',
        replacement: `    const leave = (): void => settlement.leave(work)
    const newer = (globalThis as { newest?: Map<string, Work> }).newest?.get(\`\${ref.topic} \${ref.group} \${work.id}\`)
    if (outcome.kind === 'ack' && newer !== undefined && newer !== work && newer.state === 'waiting') {
      const others: Work[] = []
      for (let other = newer.lane.shift(); other !== undefined; other = newer.lane.shift()) others.push(other)
      for (const other of others) if (other !== newer) newer.lane.push(other)
      newer.claim.works.delete(newer)
      this.#c.consumer().done(newer.inbound)
    }
`,
      },
    ],
  },
  {
    number: '20',
    title: 'a redelivery to the same process starts beside the old handler',
    ids: ['O11'],
    replace: [
      {
        file: `${core}/consume/intake.ts`,
        find: 'work.lane.partition.keepForGhost(work)',
        replacement: 'if (work.lane.keyed) work.lane.partition.lanes.remove(work.lane)',
      },
    ],
  },
  {
    number: '21',
    title: 'a loss does not fire the signal',
    ids: ['C7'],
    replace: [{ file: `${core}/consume/intake.ts`, find: 'work.delivery?.abort(cause)', replacement: 'void cause' }],
  },
  {
    number: '35',
    title: 'a busy id is acked',
    ids: ['I9'],
    replace: [
      {
        file: `${core}/consume/prepare.ts`,
        find: 'busy: (retryMs) => party.dropped(work, () => settlement.hold(work, retryMs)),',
        replacement: 'busy: () => party.dropped(work, () => settlement.skip(work)),',
      },
    ],
  },
  {
    number: '36',
    title: 'a release by a stale owner is accepted',
    ids: ['I8'],
    replace: [
      {
        file: `${core}/builtin/memory-store.ts`,
        find: 'return this.#owns(key, fence) && this.#leases.delete(key)',
        replacement: 'void fence\n    return this.#leases.delete(key)',
      },
    ],
  },
]
