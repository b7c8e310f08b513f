const adapter = 'packages/adapter-rabbitmq/src'

/**
 * Defects of the RabbitMQ adapter, each where it calls the wire port. The kit has to catch them at a real node.
 *
 * @type {readonly import('./defects.mjs').Defect[]}
 */
export const rabbitmqDefects = [
  {
    number: 'R1',
    title: 'an acknowledgement goes to the channel of now, not to that of its delivery',
    ids: ['S16'],
    replace: [
      {
        file: `${adapter}/consume.ts`,
        find: 'delivery.settler.done(delivery.handle)',
        replacement: `const now = [...this.#owned.values()].find(({ partition }) => partition === delivery.claim.partition)
    ;((now?.queue as any)?.currentSettler ?? delivery.settler).done(delivery.handle)`,
      },
      {
        file: `${adapter}/claimed-queue.ts`,
        find: '  get unstored(): number {',
        replacement: '  get currentSettler() {\n    return this.#settler\n  }\n\n  get unstored(): number {',
      },
    ],
  },
  {
    number: 'R2',
    title: 'what the broker returns is not told to its publish',
    ids: ['P5', 'P17'],
    replace: [
      {
        file: `${adapter}/send.ts`,
        find: 'if (flight !== undefined) flight.returned = true',
        replacement: 'void flight',
      },
    ],
  },
  {
    number: 'R3',
    title: 'a nack is reported as refused, with two groups bound',
    ids: ['P4'],
    replace: [
      {
        file: `${adapter}/send.ts`,
        find: 'for (const { batch, index } of ended) this.#uncertain(batch, index, nacked())',
        replacement: "for (const { batch, index } of ended) batch.report(index, { kind: 'refused', error: nacked() })",
      },
    ],
  },
  {
    number: 'R4',
    title: 'the consumer of a keyed queue is cancelled before its channel is closed',
    ids: ['O5'],
    replace: [
      {
        file: `${adapter}/claimed-queue.ts`,
        find: 'this.#end()\n    await channel.close()',
        replacement:
          'if (this.#consumerTag !== undefined) await channel.cancel(this.#consumerTag).catch(() => undefined)\n    this.#end()\n    await channel.close()',
      },
    ],
  },
  {
    number: 'R5',
    title: 'what is done is acknowledged one by one at close, and the queue is not waited for',
    ids: ['D9'],
    replace: [
      {
        file: `${adapter}/claimed-queue.ts`,
        find: 'await within(this.#applied(channel), AbortSignal.timeout(APPLY_MS))',
        replacement: 'await channel.sync()',
      },
      {
        file: `${adapter}/settle.ts`,
        find: 'if (prefix !== undefined) this.#channel.ack(prefix, true)',
        replacement: `if (prefix !== undefined) {
      const from = (this as any).acked ?? 0
      for (let tag = from + 1; tag <= prefix; tag += 1) this.#channel.ack(tag, false)
      ;(this as any).acked = prefix
    }`,
      },
      { file: `${adapter}/settle.ts`, find: 'const MOST_SINGLES = 16', replacement: 'const MOST_SINGLES = 100_000' },
      { file: `${adapter}/settle.ts`, find: 'const MOST_WAITING = 64', replacement: 'const MOST_WAITING = 100_000' },
      { file: `${adapter}/settle.ts`, find: 'const FLUSH_MS = 5\n', replacement: 'const FLUSH_MS = 60_000\n' },
    ],
  },
  {
    number: 'R6',
    title: 'the delivery limit is 20',
    ids: ['S19', 'S17'],
    replace: [
      {
        file: `${adapter}/group-queues.ts`,
        find: 'const OUT_OF_REACH = 2_147_483_647',
        replacement: 'const OUT_OF_REACH = 20',
      },
    ],
  },
  {
    number: 'R7',
    title: 'delay queues hand on at most once',
    ids: ['R1'],
    replace: [
      {
        file: `${adapter}/delay-queues.ts`,
        find: "'x-dead-letter-strategy': 'at-least-once',",
        replacement: '',
      },
    ],
  },
  {
    number: 'R8',
    title: 'publishes go out on the connection that consumes',
    ids: ['P13'],
    replace: [
      {
        file: `${adapter}/broker.ts`,
        find: 'new Sender({ context, link: publish,',
        replacement: 'new Sender({ context, link: consume,',
      },
    ],
  },
]
