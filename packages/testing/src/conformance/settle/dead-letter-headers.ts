import { bytesCodec, defineTopic, PermanentError, unchecked, type DeadLetter } from '@sluice/core'
import { standardHeaders as names } from '@sluice/core/spi'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import type { Scenario } from '../../scenario.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { listDeadLetters } from '../../scenario/dead-letters.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { untilDepth } from '../../scenario/settled.js'

/** What a single free text may take, in bytes: what explains a failure must not become the load. */
const capBytes = 8 * 1024

function header({ headers }: DeadLetter, name: string): string | undefined {
  const found = headers.filter(([key]) => key === name)
  assert.atMost(found.length, 1, `values of ${name}`)
  const value = found[0]?.[1]
  return value === undefined || typeof value === 'string' ? value : Buffer.from(value).toString()
}

class Coded extends Error {
  override readonly name: string = 'CodedError'
  readonly code = 'E_CODED'
}

const long = 'Ä日🦆'.repeat(200_000)

/** What handlers throw, and what the letter has to say of it; undefined means that it may say nothing. */
const thrown: readonly {
  readonly error: unknown
  readonly name?: string
  readonly text?: string
  readonly reason?: string
}[] = [
  { error: new PermanentError('plain'), name: 'PermanentError', text: 'plain' },
  { error: new TypeError('typed'), name: 'TypeError', text: 'typed' },
  { error: new Coded('coded'), name: 'CodedError', text: 'coded', reason: 'E_CODED' },
  { error: new Error(long), name: 'Error', text: long.slice(0, 50) },
  { error: new Error('ill \ud800 formed'), name: 'Error', text: 'ill' },
  { error: Object.assign(new Error('x'), { name: 'N'.repeat(100_000) }), text: 'x' },
  { error: Object.assign(new Error('x'), { stack: 'S'.repeat(1_000_000) }), name: 'Error', text: 'x' },
  { error: new Error('control \u0000\r\n\u001b characters'), name: 'Error', text: 'control' },
  { error: 'a text', text: 'a text' },
  { error: { an: 'object' }, text: '{"an":"object"}' },
  { error: undefined },
  { error: null },
  { error: Symbol('symbol') },
  { error: Object.create(null) },
  { error: 12n, text: '12' },
  { error: Object.assign(new Error('x'), { message: 42, name: undefined, stack: null }), text: '42' },
]

/** S14: origin, reason, error, attempts and times, for every kind of thing that a handler can throw, and beside a body that fills a message. */
export const deadLetterHeaders: Conformance = defineConformance({
  id: 'S14',
  parallel: true,
  minimum: { messages: thrown.length + 3, keys: thrown.length },
  timeoutMs: 60_000,
  async run(scenario) {
    await explained(scenario)
    await atTheLimit(scenario)
  },
})

async function explained(scenario: Scenario): Promise<void> {
  const topic = scenario.keyedTopic({ partitions: 4, groups: ['all'] })
  const client = await scenario.messaging('client')
  const attempts = 3
  const options = { group: 'all', breaker: false, retry: fixedRetry(15, { attempts }) } as const
  const all = await scenario.consume(client, topic, options, ({ payload }) => {
    throw thrown[Number(payload.key?.slice(1))]?.error
  })
  const own = { 'x-own': 'kept', 'x-number': '7' }
  const before = Date.now()
  const sent = await scenario.publishAll(client, topic, {
    count: thrown.length,
    keys: thrown.length,
    options: (_, index) => ({ headers: own, correlationId: `exchange-${index}` }),
  })
  await scenario.until(() => all.subscription.stats().deadLettered === thrown.length, `${thrown.length} dead letters`, {
    saw: () => all.subscription.stats(),
  })
  const after = Date.now()
  await untilDepth(scenario, topic.name, 'all')
  const letters = new Map((await listDeadLetters(client, topic, 'all')).map((letter) => [letter.id, letter]))
  assert.equal(letters.size, thrown.length, 'dead letters')
  for (const [index, { id, item, receipt }] of sent.entries()) {
    const letter = letters.get(id)
    assert.ok(letter !== undefined, `dead letter of ${id}`)
    const { error, name, text, reason } = thrown[index] as (typeof thrown)[number]
    const expected = error instanceof PermanentError ? 1 : attempts
    assert.equal(Buffer.from(letter.body ?? []).toString(), JSON.stringify(item), `body of ${id}`)
    assert.equal([letter.key, letter.contentType], [item.key, 'application/json'], `key and content type of ${id}`)
    assert.equal([letter.originTopic, letter.originGroup], [topic.name, 'all'], `origin of ${id}`)
    assert.equal(header(letter, names.originTopic), topic.name, 'header with the topic')
    assert.equal(header(letter, names.originGroup), 'all', 'header with the group')
    assert.equal(header(letter, names.originPartition), String(receipt?.partition), 'header with the partition')
    if (receipt?.position !== undefined)
      assert.equal(header(letter, names.originPosition), receipt.position, 'header with the position')
    assert.equal(letter.attempts, expected, `attempts of ${id}`)
    assert.equal(header(letter, names.attempts), String(expected), `header with the attempts of ${id}`)
    assert.ok(/^\d+$/.test(header(letter, names.version) ?? ''), `${id} carries the version of the format`)
    for (const [key, value] of Object.entries(own)) assert.equal(header(letter, key), value, `header ${key} of ${id}`)
    expectTimes(letter, before, after, expected)
    assert.ok(letter.reason !== '' && letter.reason !== 'unknown', `${id} has a reason`)
    if (reason !== undefined) assert.equal(letter.reason, reason, `reason of ${id}`)
    if (name !== undefined) assert.equal(letter.error?.name, name, `name of the error of ${id}`)
    if (text !== undefined)
      assert.ok(
        letter.error?.message.startsWith(text),
        `message of the error of ${id} begins with "${text.slice(0, 20)}"`,
      )
    if (error instanceof Error && typeof error.stack === 'string')
      assert.ok((letter.error?.stack?.length ?? 0) > 20, `${id} has the stack of its error`)
    expectCapped(letter)
  }
}

function expectTimes(letter: DeadLetter, before: number, after: number, attempts: number): void {
  const { firstFailureMs = Number.NaN, lastFailureMs = Number.NaN, id } = letter
  const deadMs = Number(header(letter, names.deadLetteredMs))
  const times = [before, firstFailureMs, lastFailureMs, deadMs, after]
  assert.equal(
    times,
    times.toSorted((a, b) => a - b),
    `order of the times of ${id}: published, first and last failure, dead-lettered, read`,
  )
  // Wall time may be stepped a little under a test; a retry of 15 ms is seen in any case.
  if (attempts > 1) assert.atLeast(lastFailureMs - firstFailureMs, 20, `ms between first and last failure of ${id}`)
}

function expectCapped(letter: DeadLetter): void {
  for (const [name, value] of letter.headers) {
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length
    assert.atMost(bytes, capBytes, `bytes of header ${name} of ${letter.id}`)
    assert.ok(typeof value !== 'string' || value.isWellFormed(), `header ${name} of ${letter.id} is well-formed text`)
    assert.ok(
      typeof value !== 'string' || !value.includes('\ufffd') || letter.error?.message.startsWith('ill') === true,
      `header ${name} of ${letter.id} is cut between characters`,
    )
  }
}

/** The largest body that the topic takes: what explains its failure shrinks, the message does not, and nothing loops. */
async function atTheLimit(scenario: Scenario): Promise<void> {
  const topic = defineTopic(scenario.topicName(), {
    schema: unchecked<Uint8Array>(),
    codec: bytesCodec,
    groups: ['all'],
  })
  const client = await scenario.messaging('client')
  const { id, body } = await publishLargest(scenario, client, (payload, id) =>
    client.publish(topic, payload, { id, headers: { 'x-own': 'kept' } }),
  )
  const failures: string[] = []
  client.on('deadLetterFailed', ({ error }) => void failures.push(error.message))
  const options = { group: 'all', breaker: false, retry: fixedRetry(1, { attempts: 2 }) } as const
  const all = await scenario.consume(client, topic, options, (message) => {
    if (message.id === id) throw new Error(long)
  })
  await scenario.until(
    () => all.subscription.stats().deadLettered === 1,
    'the dead letter of a message of the largest size',
    {
      saw: () => [all.subscription.stats(), failures],
    },
  )
  await untilDepth(scenario, topic.name, 'all')
  assert.equal(failures, [], 'copies that failed')
  const [letter, more] = await listDeadLetters(client, topic, 'all')
  assert.ok(letter !== undefined && more === undefined, 'one dead letter')
  assert.equal(letter.id, id, 'id of the dead letter')
  assert.ok(letter.body !== null && Buffer.compare(letter.body, body) === 0, 'the dead letter has its whole body')
  assert.equal([letter.originTopic, letter.originGroup, letter.attempts], [topic.name, 'all', 2], 'origin and attempts')
  assert.equal(header(letter, 'x-own'), 'kept', 'header of the message')
  assert.equal([letter.reason, letter.error?.name], ['Error', 'Error'], 'reason and name of the error')
  assert.ok(letter.error?.message.startsWith(long.slice(0, 50)), 'it says what has happened')
  expectCapped(letter)
  // What came back once may be sent once more: a redriven message of this size is no larger than it was.
  const report = await client.deadLetters(topic, 'all').redrive()
  assert.equal(report, { redriven: 1, skipped: 0 }, 'report of the redrive')
  await scenario.until(() => all.subscription.stats().deadLettered === 2, 'the redriven message to fail again')
  await untilDepth(scenario, topic.name, 'all')
  assert.equal((await listDeadLetters(client, topic, 'all')).length, 1, 'dead letters after the redrive')
}

/** Finds the largest body by asking; every one that is taken is a message as well. */
async function publishLargest(
  scenario: Scenario,
  client: Client,
  publish: (body: Uint8Array, id: string) => Promise<unknown>,
): Promise<{ readonly id: string; readonly body: Uint8Array }> {
  const { maxMessageBytes } = scenario.harness.limits
  // Sizes that fit and do not fit: core keeps room below the limit for the headers of a dead letter, never 8 kilobytes.
  let fits = maxMessageBytes - 8_192
  let tooLarge = maxMessageBytes + 1
  let best: { id: string; body: Uint8Array } | undefined
  while (tooLarge - fits > 1) {
    const size = best === undefined ? fits : Math.floor((fits + tooLarge) / 2)
    const body = Uint8Array.from({ length: size }, (_, index) => index % 253)
    const id = scenario.newId()
    const error = await publish(body, id).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error === undefined) {
      scenario.count({ messages: 1 })
      fits = size
      best = { id, body }
    } else {
      assert.equal((error as { code?: unknown }).code, 'TOO_LARGE', `code of the rejection of ${size} bytes`)
      tooLarge = size
    }
  }
  assert.ok(best !== undefined, `a body of ${maxMessageBytes - 8_192} bytes fits into a message of ${maxMessageBytes}`)
  assert.equal(client.health().status, 'up', 'health after messages that were too large')
  return best
}
