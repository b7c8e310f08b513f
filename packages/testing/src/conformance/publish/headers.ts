import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { HeaderList } from '@sluice/core/spi'

const values: Readonly<Record<string, string>> = {
  empty: '',
  space: ' leading, trailing ',
  lines: 'first\r\nsecond\n\tthird',
  control: '\u0000\u0001\u007f\u0085\u2028',
  wide: 'ﷺ اللغة العربية 日本語 ß',
  pairs: '🧀🦆\u{10ffff}',
  colon: 'a:b=c; d',
  long: 'ä'.repeat(4_000),
  number: '0012',
  json: '{"a":[1]}',
  "!#$%&'*+-.^_`|~/()[]{}<>=?@,;": 'every sign',
  Upper: 'upper',
  upper: 'lower',
  constructor: 'plain name',
  toString: 'plain name',
  ['__proto__']: 'plain name',
}

const badNames = [
  '',
  ' ',
  'a b',
  'a:b',
  ':a',
  'tab\t',
  'line\n',
  'null\u0000',
  'ä',
  '日本',
  'del\u007f',
  'sluice-id',
  'sluice-x',
]
const badValues: readonly unknown[] = [
  '\ud800',
  'a\udc00b',
  12,
  true,
  null,
  undefined,
  Buffer.from('x'),
  ['a'],
  { a: 'b' },
]

const foreignHeaders = (repeated: boolean): HeaderList => [
  ['x-bytes', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
  ...(repeated ? ([['x-twice', 'one']] as const) : []),
  ['x-twice', 'two'],
  ['x-empty', new Uint8Array(0)],
  ['x-text', 'text'],
]

/** P2 */
export const headers: Conformance = defineConformance({
  id: 'P2',
  parallel: true,
  minimum: { messages: 3 },
  async run(scenario) {
    const topic = scenario.plainTopic({ groups: ['all'] })
    const client = await scenario.messaging('publisher')

    const wrong = [
      ...badNames.map((name) => ({ what: `header name ${JSON.stringify(name)}`, headers: { [name]: 'v' } })),
      ...badValues.map((value) => ({
        what: `header value ${JSON.stringify(value) ?? 'undefined'}`,
        headers: { name: value },
      })),
    ] as readonly { readonly what: string; readonly headers: Readonly<Record<string, string>> }[]
    for (const { what, headers: bad } of wrong) {
      const error = await assert.rejects(
        client.publish(topic, scenario.item(topic), { headers: bad }),
        'INVALID_HEADER',
        what,
      )
      assert.ok(!error.retryable, `${what} is not worth another try`)
      await assert.rejects(
        client.publishBatch(topic, [{ payload: scenario.item(topic), headers: bad }]),
        ['BATCH_FAILED', 'INVALID_HEADER'],
        `${what} in a batch`,
      )
    }

    const foreign = foreignHeaders(scenario.harness.limits.repeatedHeaders ?? true)
    const all = await scenario.consume(client, topic, { group: 'all' })
    const good = await scenario.publishOne(client, topic, scenario.item(topic), { headers: values })
    assert.equal(good.result, 'ok', 'a publish with unusual headers')
    const sent = await scenario.sendRaw(topic.name, [
      { id: scenario.newId(), body: new TextEncoder().encode('{"key":null,"n":-1}'), headers: foreign },
    ])
    assert.equal(sent[0]?.kind, 'stored', 'a foreign message with byte headers')
    // Comes last: what was sent by mistake above would have come before it.
    const last = await scenario.publishOne(client, topic, scenario.item(topic))
    scenario.count({ messages: 1 })
    await scenario.until(() => all.done.has(last.id) && all.done.size >= 3, 'the three messages that are in order', {
      saw: () => all.runs.map(({ message }) => message.payload),
    })
    assert.equal(all.runs.length, 3, 'deliveries: none of the rejected publishes was sent')

    const own = all.runs.find(({ id }) => id === good.id)?.message
    assert.equal(Object.entries(own?.headers ?? {}).sort(), Object.entries(values).sort(), 'headers with unusual text')
    const alien = all.runs.find(({ message }) => message.payload.n === -1)?.message
    const seen = (alien?.rawHeaders ?? []).filter(([name]) => name.startsWith('x-'))
    assert.equal(plain(seen), plain(foreign), 'foreign headers as they were on the wire')
    assert.equal(alien?.headers['x-text'], 'text', 'a foreign text header')
  },
})

const plain = (list: HeaderList): unknown =>
  list.map(([name, value]) => [name, Buffer.from(value as string).toString('hex')])
