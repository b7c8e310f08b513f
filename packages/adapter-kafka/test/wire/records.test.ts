import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/wire/records/crc32c.js'
import { ByteReader, MalformedBytes } from '../../src/wire/records/byte-reader.js'
import { ByteWriter, varintSize } from '../../src/wire/records/byte-writer.js'
import { decodeBatches, type FetchedBatch, type UnreadableBatch } from '../../src/wire/records/decode-batches.js'
import { encodeBatch, recordBytes } from '../../src/wire/records/encode-batch.js'
import type { KafkaRecord } from '../../src/wire/records/record.js'
import { visibleRecords } from '../../src/wire/records/visible-records.js'

const origin = { producerId: 2n ** 40n + 7n, producerEpoch: 3, firstSequence: 11 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const record = (over: Partial<KafkaRecord> = {}): KafkaRecord => {
  return { key: bytes('k'), value: bytes('v'), headers: [], timestampMs: 1_700_000_000_000, ...over }
}
const only = (batches: readonly (FetchedBatch | UnreadableBatch)[]): FetchedBatch => {
  expect(batches).toHaveLength(1)
  const [batch] = batches
  if (batch === undefined || 'cause' in batch) throw batch?.cause ?? new Error('none')
  return batch
}

describe('check sums', () => {
  it('are those of Castagnoli', () => {
    // From RFC 3720, B.4.
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff), 0, 32)).toBe(0x62a8ab43)
    expect(
      crc32c(
        Uint8Array.from({ length: 32 }, (_, index) => index),
        0,
        32,
      ),
    ).toBe(0x46dd794e)
    expect(crc32c(bytes('x123456789y'), 1, 10)).toBe(0xe3069283)
  })
})

describe('numbers of variable length', () => {
  it.each([0, 1, -1, 63, -64, 64, -65, 300, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 45, -(2 ** 45), 2 ** 51])(
    '%d',
    (value) => {
      const out = new ByteWriter(varintSize(value))
      out.varint(value)
      const reader = new ByteReader(out.bytes)
      expect(reader.varint()).toBe(value)
      expect(reader.left).toBe(0)
    },
  )

  it('that do not end are refused', () => {
    expect(() => new ByteReader(new Uint8Array(12).fill(0xff)).varint()).toThrow(MalformedBytes)
  })
})

describe('a batch', () => {
  const records: readonly KafkaRecord[] = [
    record(),
    record({ key: null, value: null, timestampMs: 1_700_000_000_005 }),
    record({ key: new Uint8Array(0), value: new Uint8Array(0), timestampMs: 1_699_999_999_000 }),
    record({
      value: new Uint8Array(100_000).fill(7),
      headers: [
        ['b', bytes('1')],
        ['2', Uint8Array.of(0xff, 0)],
        ['1', null],
        ['b', bytes('zwei')],
        ['größe', new Uint8Array(0)],
      ],
    }),
  ]

  it('is read as it was written, headers in their order', () => {
    const batch = only(decodeBatches(encodeBatch(records, origin)))
    expect(batch).toMatchObject({
      baseOffset: 0,
      nextOffset: 4,
      producerId: origin.producerId,
      transactional: false,
      control: undefined,
    })
    expect(batch.records).toEqual(records.map((one, offset) => ({ ...one, offset })))
  })

  it('is never larger than what was said of its records', () => {
    const size = records.reduce((sum, one) => sum + recordBytes(one), 0)
    const batch = encodeBatch(records, origin)
    expect(batch.length - 61).toBeLessThanOrEqual(size)
    expect(batch.length - 61).toBeGreaterThan(size - 25 * records.length)
  })

  it('of which a part is missing is left for the next time', () => {
    const whole = encodeBatch(records, origin)
    const second = encodeBatch([record()], origin)
    second.writeBigInt64BE(4n, 0)
    const both = Buffer.concat([whole, second])
    for (const cut of [1, 30, second.length - 1]) {
      expect(decodeBatches(both.subarray(0, whole.length + cut)).map(({ baseOffset }) => baseOffset)).toEqual([0])
    }
    expect(decodeBatches(both).map(({ baseOffset }) => baseOffset)).toEqual([0, 4])
  })

  it('is unreadable, and the others are not, when a bit of it is wrong', () => {
    const batches = [0, 1, 2].map((index) => {
      const batch = encodeBatch([record({ value: bytes(`value ${index}`) })], origin)
      batch.writeBigInt64BE(BigInt(index), 0)
      return batch
    })
    const [, broken] = batches
    const last = (broken?.length ?? 0) - 3
    broken?.writeUInt8((broken[last] ?? 0) ^ 1, last)
    const [first, second, third] = decodeBatches(Buffer.concat(batches))
    expect(first).toHaveProperty('records')
    expect(second).toMatchObject({ baseOffset: 1, nextOffset: 2 })
    expect((second as UnreadableBatch).cause.message).toMatch(/check sum/)
    expect(third).toHaveProperty('records')
  })

  it('of an older format, or packed in an unknown way, says so', () => {
    const old = encodeBatch([record()], origin)
    old[16] = 1
    expect((decodeBatches(old)[0] as UnreadableBatch).cause.message).toMatch(/format 1/)
    expect((decodeBatches(packed((raw) => raw, 7))[0] as UnreadableBatch).cause.message).toMatch(/codec 7/)
    expect((decodeBatches(packed((raw) => raw, 1))[0] as UnreadableBatch).cause.message).toMatch(/codec 1/)
  })

  it('is unpacked', () => {
    expect(only(decodeBatches(packed(gzipSync, 1))).records).toHaveLength(4)
  })

  it('says the time of the broker where the topic is set so', () => {
    const batch = sealed(encodeBatch(records, origin), 0x08)
    expect(only(decodeBatches(batch)).records.map(({ timestampMs }) => timestampMs)).toEqual(
      Array(4).fill(1_700_000_000_005),
    )
  })

  it('of garbage is never more than unreadable', () => {
    const whole = encodeBatch(records, origin)
    let seed = 1
    const random = (): number => ((seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff), seed)
    for (let turn = 0; turn < 2_000; turn += 1) {
      const broken = Buffer.from(whole)
      for (let count = random() % 8; count >= 0; count -= 1) broken[12 + (random() % (broken.length - 12))] = random()
      // With the right sum, or everything would end there.
      broken.writeUInt32BE(crc32c(broken, 21, broken.length), 17)
      for (const batch of decodeBatches(broken)) expect(batch.nextOffset).toBeGreaterThan(batch.baseOffset)
    }
  })

  function packed(pack: (raw: Buffer) => Uint8Array, codec: number): Buffer {
    const whole = encodeBatch(records, origin)
    return sealed(Buffer.concat([whole.subarray(0, 61), pack(whole.subarray(61))]), codec)
  }
})

function sealed(batch: Buffer, attributes: number): Buffer {
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(attributes, 21)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}

describe('what a reader sees', () => {
  const batch = (baseOffset: number, over: Partial<FetchedBatch> = {}): FetchedBatch => ({
    ...{ baseOffset, nextOffset: baseOffset + 2, producerId: 1n, transactional: false, control: undefined },
    records: [0, 1].map((index) => ({ ...record(), offset: baseOffset + index })),
    ...over,
  })
  const offsets = (...args: Parameters<typeof visibleRecords>): unknown => {
    const { records, next, unreadable } = visibleRecords(...args)
    return { offsets: records.map(({ offset }) => offset), next, unreadable: unreadable?.baseOffset }
  }

  it('begins where it was asked for, in the middle of a batch', () => {
    expect(offsets([batch(0), batch(2), batch(4)], [], 3)).toEqual({
      offsets: [3, 4, 5],
      next: 6,
      unreadable: undefined,
    })
  })

  it('ends before what cannot be read', () => {
    const broken: UnreadableBatch = { baseOffset: 2, nextOffset: 4, cause: new Error('broken') }
    expect(offsets([batch(0), broken, batch(4)], [], 0)).toEqual({ offsets: [0, 1], next: 2, unreadable: 2 })
    expect(offsets([broken, batch(4)], [], 4)).toEqual({ offsets: [4, 5], next: 6, unreadable: undefined })
  })

  it('is nothing of a transaction that was given up, and all that came after', () => {
    const of7 = { producerId: 7n, transactional: true }
    const of8 = { producerId: 8n, transactional: true }
    const abort = batch(8, { ...of7, nextOffset: 9, control: 'abort', records: [] })
    const commit = batch(9, { ...of8, nextOffset: 10, control: 'commit', records: [] })
    const batches = [batch(0, of7), batch(2, of8), batch(4), batch(6, of7), abort, commit, batch(10, of7)]
    expect(offsets(batches, [{ producerId: 7n, firstOffset: 0 }], 0)).toEqual({
      ...{ offsets: [2, 3, 4, 5, 10, 11], next: 12, unreadable: undefined },
    })
  })

  it('goes on behind marks and gaps without a message', () => {
    expect(offsets([batch(5, { nextOffset: 20, control: 'commit', records: [] })], [], 5)).toMatchObject({
      offsets: [],
      next: 20,
    })
  })
})
