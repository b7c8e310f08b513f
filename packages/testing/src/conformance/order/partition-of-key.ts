import { defineTopic, unchecked, type Key } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'

interface Entry {
  readonly index: number
}

/** Drawn at random, and each of the most partitions has to get one: with 600 one of 31 stays empty once in ten million times, with 300 once in 600. */
const keyCount = 600

/** O10: the partition of a key is the one that a Java producer would choose, for text and bytes, from every client and for every count. */
export const partitionOfKey: Conformance = defineConformance({
  id: 'O10',
  parallel: true,
  minimum: { messages: 5 * 2 * keyCount, keys: keyCount },
  async run(scenario) {
    const keys: Key[] = ['', 'a', 'ab', 'abc', 'abcd', 'é', '鍵', '🗝', '\0', Uint8Array.of(255, 254, 128, 127, 0)]
    while (keys.length < keyCount) {
      const bytes = Uint8Array.from({ length: keys.length % 23 }, () => Math.floor(scenario.random() * 256))
      keys.push(keys.length % 2 === 0 ? bytes : `${keys.length}-${Buffer.from(bytes).toString('hex')}`)
    }
    const clients = [await scenario.messaging('one'), await scenario.messaging('two')]
    for (const partitions of [1, 3, 8, 12, 31]) {
      const topic = defineTopic(scenario.topicName(), {
        schema: unchecked<Entry>(),
        key: ({ index }) => keys[index] ?? null,
        partitions,
        groups: ['all'],
      })
      const seen = new Map<number, Set<number>>()
      let handled = 0
      const reader = await scenario.messaging('reader')
      await reader.subscribe(topic, { group: 'all' }, ({ payload }, { partition }) => {
        seen.set(payload.index, (seen.get(payload.index) ?? new Set()).add(partition))
        handled++
      })
      for (const client of clients) await Promise.all(keys.map((_, index) => client.publish(topic, { index })))
      scenario.count({ messages: 2 * keys.length, keys: partitions === 1 ? keys.length : 0 })
      await scenario.until(() => handled === 2 * keys.length, 'all messages', { saw: () => handled })
      for (const [index, key] of keys.entries()) {
        const due = (javaMurmur2(typeof key === 'string' ? Buffer.from(key, 'utf8') : key) & 0x7fffffff) % partitions
        const found = [...(seen.get(index) ?? [])]
        assert.equal(found, [due], `partition of ${Buffer.from(key).toString('hex')} among ${partitions}`)
      }
      assert.equal(new Set([...seen.values()].flatMap((one) => [...one])).size, partitions, 'partitions in use')
      await reader.close()
    }
  },
})

const wrap = (value: bigint): bigint => BigInt.asUintN(32, value)

/** The hash as it is defined, in exact integers: slow, and with no line in common with the one under test. */
function javaMurmur2(data: Uint8Array): number {
  const multiplier = 0x5bd1e995n
  const at = (index: number): bigint => BigInt(data[index] ?? 0)
  let hash = wrap(0x9747b28cn ^ BigInt(data.length))
  const whole = data.length - (data.length % 4)
  for (let i = 0; i < whole; i += 4) {
    let word = at(i) + at(i + 1) * 0x100n + at(i + 2) * 0x10000n + at(i + 3) * 0x1000000n
    word = wrap(word * multiplier)
    word = wrap((word ^ (word >> 24n)) * multiplier)
    hash = wrap(hash * multiplier) ^ word
  }
  const rest = data.length % 4
  if (rest > 0) {
    for (let i = rest - 1; i >= 0; i--) hash ^= at(whole + i) << BigInt(8 * i)
    hash = wrap(hash * multiplier)
  }
  hash = wrap((hash ^ (hash >> 13n)) * multiplier)
  return Number(BigInt.asIntN(32, hash ^ (hash >> 15n)))
}
