const adapter = 'packages/adapter-kafka/src'

/**
 * Defects of the Kafka adapter, each where it calls the port of the driver or the driver itself. The kit has to catch them at a real broker.
 *
 * @type {readonly import('./defects.mjs').Defect[]}
 */
export const kafkaDefects = [
  {
    number: 'K1',
    title: 'what is stored is the position behind the highest that is done',
    ids: ['S6', 'R18'],
    replace: [
      {
        file: `${adapter}/part.ts`,
        find: '    this.#tracker.done(handle)\n    this.failures.delete(offset)',
        replacement:
          '    this.#tracker.done(handle)\n    this.#highest = Math.max(this.#highest, offset + 1)\n    this.failures.delete(offset)',
      },
      {
        file: `${adapter}/part.ts`,
        find: '    return this.#tracker.oldestOpen ?? this.#cursor\n',
        replacement: '    return this.#highest > 0 ? this.#highest : (this.#tracker.oldestOpen ?? this.#cursor)\n',
      },
      {
        file: `${adapter}/part.ts`,
        find: '  fetchPaused = false\n',
        replacement: '  fetchPaused = false\n  #highest = 0\n',
      },
    ],
  },
  {
    number: 'K2',
    title: 'the numbers of a batch of which nothing is known are given to the next one',
    ids: ['P4', 'P7', 'P16'],
    replace: [
      {
        file: `${adapter}/wire/kafkajs/idempotent-producer.ts`,
        find: 'else if (!session.renew()) {',
        replacement: "else if (result.kind !== 'uncertain' && !session.renew()) {",
      },
    ],
  },
  {
    number: 'K3',
    title: 'what was lost is stored all the same, in the name of the newer membership',
    ids: ['R15', 'R18'],
    replace: [
      {
        file: `${adapter}/settle.ts`,
        find: '    this.#parts.delete(partitionKey(part.at))\n    this.#unstored -= part.unstored\n',
        replacement:
          '    part.version += 1_000\n    this.touch()\n    void this.#options.commit([part.snapshot()])\n    this.#unstored -= part.unstored\n',
      },
    ],
  },
  {
    number: 'K4',
    title: 'positions without a message count as missing ones',
    ids: ['O7'],
    replace: [
      {
        file: `${adapter}/part.ts`,
        find: '    this.#cursor = record.offset + 1\n    const handle',
        replacement:
          '    for (let gap = this.#cursor; gap < record.offset; gap += 1) this.#tracker.append(gap, nowMs)\n    this.#cursor = record.offset + 1\n    const handle',
      },
    ],
  },
  {
    number: 'K5',
    title: 'a group goes on at the end of its topic each time it is shared out',
    ids: ['C16'],
    replace: [
      {
        file: `${adapter}/start-positions.ts`,
        find: '  const missing = committed.filter(({ offset }) => offset === undefined)\n',
        replacement: '  const missing = committed\n',
      },
      {
        file: `${adapter}/start-positions.ts`,
        find: '  const exists = committed.some(',
        replacement: '  const exists = false && committed.some(',
      },
    ],
  },
  {
    number: 'K6',
    title: 'whoever deals out gives partitions to members that do not read the topic',
    ids: ['C6', 'C16'],
    replace: [
      {
        file: `${adapter}/assign.ts`,
        find: '  const readers = members.filter(({ topics }) => topics.includes(topic))\n  const view',
        replacement: '  const readers = members\n  const view',
      },
    ],
  },
  {
    number: 'K7',
    title: 'a member gives no sign of life while it lets go',
    ids: ['D4'],
    replace: [
      {
        file: `${adapter}/wire/kafkajs/kafka-group-member.ts`,
        find: '      if (this.#wantsShare || this.#isOver) return\n      await this.#beat()',
        replacement:
          '      if (this.#wantsShare || this.#isOver) return\n      if (this.#letting.length === 0) await this.#beat()',
      },
    ],
  },
  {
    number: 'K8',
    title: 'the death of the coordinator is not noticed',
    ids: ['R19'],
    nodes: 3,
    replace: [
      {
        file: `${adapter}/wire/kafkajs/kafka-group-member.ts`,
        find: '      // The node, or the way to it: another may coordinate by now.\n      this.#coordinator = undefined\n',
        replacement: '',
      },
    ],
  },
]
