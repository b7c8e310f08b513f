import { bytesCodec, defineTopic, unchecked } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

const mebibyte = 1_048_576

/** P3 */
export const payloads: Conformance = defineConformance({
  id: 'P3',
  parallel: true,
  minimum: { messages: 300 },
  async run(scenario) {
    const topic = defineTopic(scenario.topicName(), {
      schema: unchecked<Uint8Array>(),
      codec: bytesCodec,
      tombstones: true,
      groups: ['all'],
    })
    const client = await scenario.messaging('publisher')
    let lost = 0
    client.on('connection', ({ state }) => void (state === 'lost' && lost++))

    const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(scenario.random() * 256))
    const bodies: readonly (Uint8Array | null)[] = [
      ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      new Uint8Array(0),
      null,
      noise(65_537),
      noise(mebibyte),
      noise(5_000).subarray(100, 200),
      Buffer.from('null'),
      Buffer.from('"\ud800'),
      ...Array.from({ length: 40 }, (_, index) => noise(index)),
    ]
    const sent = new Map<string, Uint8Array | null>()
    await Promise.all(
      bodies.map(async (body) => {
        const receipt = await client.publish(topic, body)
        sent.set(receipt.id, body)
      }),
    )

    const tooLarge = new Uint8Array(scenario.harness.limits.maxMessageBytes + 1)
    const error = await assert.rejects(client.publish(topic, tooLarge), 'TOO_LARGE', 'a body over the limit')
    assert.ok(!error.retryable, 'a body over the limit is not worth another try')
    const small = Uint8Array.of(1, 2, 3)
    const outcome = await client.publishBatch(topic, [{ payload: tooLarge }, { payload: small }], { settled: true })
    assert.equal(
      outcome.map(({ status }) => status),
      ['failed', 'stored'],
      'a batch with one body over the limit',
    )
    const survivor = outcome[1]
    if (survivor?.status === 'stored') sent.set(survivor.receipt.id, small)
    scenario.count({ messages: sent.size })

    const all = await scenario.consume(client, topic, { group: 'all', window: { messages: 50 } })
    await scenario.until(() => all.done.size >= sent.size, `${sent.size} messages`, { saw: () => all.done.size })
    assert.equal(all.runs.length, sent.size, 'deliveries')
    for (const { id, message } of all.runs) {
      const body = sent.get(id)
      assert.ok(body !== undefined, `delivered ${id} was published`)
      const same =
        body === null
          ? message.payload === null
          : message.payload !== null && Buffer.compare(message.payload, body) === 0
      assert.ok(same, `the body of ${body === null ? 'a tombstone' : `${body.length} bytes`} came back as it was`)
    }
    assert.equal(lost, 0, 'connections that were lost over a message that is too large')
  },
})
