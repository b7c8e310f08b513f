const core = 'packages/core/src'

/** @type {readonly import('./defects.mjs').Defect[]} */
export const publishDefects = [
  {
    number: '2',
    title: 'publish resolves before the append',
    ids: ['P4', 'P16', 'P12'],
    replace: [
      {
        file: `${core}/publish/stream.ts`,
        find: 'this.#context.adapter.send(batch)',
        replacement: `this.#context.adapter.send({ ...batch, report: () => undefined })
      queueMicrotask(() => entries.forEach((_, index) => batch.report(index, { kind: 'stored' })))`,
      },
    ],
  },
  {
    number: '26',
    title: 'the failing member of a batch is hidden',
    ids: ['P6'],
    replace: [
      {
        file: `${core}/publish/batch.ts`,
        find: 'throw new BatchError(results, this.#topic)',
        replacement: "return results.flatMap((result) => (result.status === 'stored' ? [result.receipt] : []))",
      },
    ],
  },
  {
    number: '28',
    title: 'an uncertain publish is resent after a newer one of its key',
    ids: ['P7'],
    replace: [
      {
        file: `${core}/publish/stream.ts`,
        find: 'if (entry.owner !== undefined) this.#again.unshift(entry)',
        replacement: "if (entry.owner !== undefined) { entry.stage = 'ready'; this.#queue.push(entry) }",
      },
    ],
  },
  {
    number: '29',
    title: 'a resend has a new id',
    ids: ['P15'],
    replace: [
      {
        file: `${core}/publish/stream.ts`,
        find: 'envelopes.push(seal(entry))',
        replacement: 'envelopes.push(isResend ? { ...seal(entry), id: `${seal(entry).id}-again` } : seal(entry))',
      },
    ],
  },
  {
    number: '30',
    title: 'the payload is encoded late: a change after the call is seen',
    ids: ['P19'],
    replace: [
      {
        file: `${core}/publish/publisher.ts`,
        find: 'const entry = new Entry(common, owner, fields.id ?? nextId(timestampMs), body, timestampMs)',
        replacement: `const entry = new Entry(common, owner, fields.id ?? nextId(timestampMs), body, timestampMs)
    if (checked !== undefined) queueMicrotask(() => { (entry as { body: unknown }).body = encodePayload(codec, checked.payload, name) })`,
      },
    ],
  },
  {
    number: '31',
    title: 'the buffer counts messages and not bytes',
    ids: ['P11'],
    replace: [
      {
        file: `${core}/publish/buffer.ts`,
        find: ' && this.#bytes + bytes <= this.#limits.bytes',
        replacement: '',
      },
    ],
  },
]
