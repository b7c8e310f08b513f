import { bytesCodec, defineTopic, unchecked, type Codec, type Message } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import { emptyRuns, type Received } from '../../scenario/consuming.js'

interface Note {
  readonly text: string
  readonly nested: { readonly list: readonly (number | string | boolean | null)[] }
}

const texts = [
  '',
  'plain',
  'zwölf Boxkämpfer',
  '日本語',
  '🦆\u200d🔥',
  'quote " and \\ and \n',
  '\u0000\u001f',
  '"__proto__"',
]
const messages = 120

/** P1: everything that a publisher says about a message reaches the handler, by publish and by publishBatch, in two groups. */
export const roundTrip: Conformance = defineConformance({
  id: 'P1',
  parallel: true,
  minimum: { messages: messages + 2 },
  async run(scenario) {
    const topic = defineTopic(scenario.topicName(), {
      types: { note: unchecked<Note>(), memo: unchecked<Note>() },
      key: (note) => note.text,
      groups: ['left', 'right'],
    })
    const client = await scenario.messaging('publisher')
    const before = Date.now()
    const sent = await Promise.all(
      Array.from({ length: messages }, async (_, index) => {
        const type = index % 3 === 0 ? ('memo' as const) : ('note' as const)
        const text = texts[index % texts.length] ?? ''
        const payload: Note = { text, nested: { list: [index, -0.5, 1e21, text, true, null] } }
        const options = {
          type,
          headers: { 'x-index': String(index), 'X-Text': text, ['__proto__']: 'own' },
          ...(index % 2 === 0 ? { id: scenario.newId() } : {}),
          ...(index % 5 === 0 ? { correlationId: `exchange ${text} ${index}`.trim() } : {}),
          ...explicitKey(index),
        }
        const receipt =
          index % 4 === 0
            ? (await client.publishBatch(topic, [{ ...options, payload }]))[0]
            : await client.publish(topic, payload, options)
        assert.ok(receipt !== undefined, `message ${index} has a receipt`)
        if (options.id !== undefined)
          assert.equal(receipt.id, options.id, `the id that was passed with message ${index}`)
        return { payload, options, receipt, key: options.key === undefined ? text : options.key }
      }),
    )
    const after = Date.now()
    scenario.count({ messages })
    assert.equal(new Set(sent.map(({ receipt }) => receipt.id)).size, messages, 'number of different ids')
    for (const { receipt } of sent) {
      assert.ok(/^[\x21-\x7e]{1,200}$/.test(receipt.id), `id ${receipt.id} has 1 to 200 visible ASCII characters`)
      assert.equal(receipt.topic, topic.name, 'topic of a receipt')
    }
    for (const group of ['left', 'right']) {
      const into = emptyRuns<Note>()
      const reader = await scenario.messaging(group)
      await reader.subscribe(topic, { group }, scenario.recording<Note>(reader, group, into) as never)
      await scenario.until(() => into.done.size >= messages, `${messages} messages in ${group}`, {
        saw: () => into.done.size,
      })
      assert.equal(into.runs.length, messages, `deliveries in ${group}`)
      const byId = new Map(into.runs.map((run) => [run.id, run]))
      for (const { payload, options, receipt, key } of sent) {
        const run = byId.get(receipt.id)
        assert.ok(run !== undefined, `${receipt.id} reached ${group}`)
        expectMessage(run, {
          id: receipt.id,
          topic: topic.name,
          type: options.type,
          payload,
          key,
          headers: options.headers,
          correlationId: 'correlationId' in options ? options.correlationId : undefined,
          contentType: 'application/json',
        })
        assert.equal(run.partition, receipt.partition, `partition of the receipt and of the delivery of ${receipt.id}`)
        assert.equal(run.attempt, 1, `attempt of ${receipt.id}`)
        const { timestampMs = Number.NaN } = run.message
        assert.ok(
          timestampMs >= before && timestampMs <= after,
          `time stamp ${timestampMs} of ${receipt.id} lies in ${before}..${after}`,
        )
      }
    }
    await otherCodecs(scenario)
  },
})

const utf16: Codec = {
  contentType: 'text/x-kit; charset=utf-16le',
  encode: (payload) => Buffer.from(String(payload), 'utf16le'),
  decode: (body) => Buffer.from(body).toString('utf16le'),
}

async function otherCodecs(scenario: Scenario): Promise<void> {
  const client = await scenario.messaging('codecs')
  const text = defineTopic(scenario.topicName(), { schema: unchecked<string>(), codec: utf16, groups: ['all'] })
  const bytes = defineTopic(scenario.topicName(), {
    schema: unchecked<Uint8Array>(),
    codec: bytesCodec,
    groups: ['all'],
  })
  const texts = await scenario.consume(client, text, { group: 'all' })
  const blobs = await scenario.consume(client, bytes, { group: 'all' })
  await client.publish(text, 'käse 🧀')
  await client.publish(bytes, Uint8Array.of(0, 255, 128))
  scenario.count({ messages: 2 })
  await scenario.until(() => texts.done.size === 1 && blobs.done.size === 1, 'both messages with codecs of their own')
  assert.equal(texts.runs[0]?.message.payload, 'käse 🧀', 'payload of the codec of the test')
  assert.equal(texts.runs[0]?.message.contentType, utf16.contentType, 'its content type')
  assert.equal([...(blobs.runs[0]?.message.payload ?? [])], [0, 255, 128], 'payload of the bytes codec')
  assert.equal(blobs.runs[0]?.message.contentType, bytesCodec.contentType, 'content type of the bytes codec')
}

/** Keys that replace what the topic computes: text, bytes that are no text, the empty key, none. */
function explicitKey(index: number): { readonly key?: string | Uint8Array | null } {
  if (index % 7 === 1) return { key: `other-${index}` }
  if (index % 7 === 2) return { key: Uint8Array.of(0xff, 0xfe, index) }
  if (index % 7 === 3) return { key: '' }
  if (index % 7 === 4) return { key: null }
  return {}
}

function expectMessage(run: Received<unknown>, expected: Partial<Message>): void {
  for (const [field, value] of Object.entries(expected)) {
    const actual = run.message[field as keyof Message]
    if (field === 'headers') assert.equal({ ...(actual as object) }, { ...(value as object) }, `headers of ${run.id}`)
    else if (value instanceof Uint8Array) assert.equal(bytesOf(actual), bytesOf(value), `${field} of ${run.id}`)
    else assert.equal(actual, value, `${field} of ${run.id}`)
  }
}

const bytesOf = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value)
