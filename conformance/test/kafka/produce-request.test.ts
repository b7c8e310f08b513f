import { describe, expect, it } from 'vitest'
import { FrameSplitter } from '../../src/kafka/protocol/frames.js'
import {
  readProduce,
  withErrors,
  withRefusals,
  writeProduce,
  writeRefusals,
  type PartitionRecords,
} from '../../src/kafka/protocol/produce.js'
import { readHead } from '../../src/kafka/protocol/request.js'

const one = (topic: string, partition: number, text: string): PartitionRecords => ({
  ...{ topic, partition, records: Buffer.from(text) },
})
const three = [one('orders', 0, 'first'), one('orders', 3, 'second'), one('mails', 1, 'third')]

/** Produce, version 7, number 42, of client "me"; no transaction, all in sync, 5 s. */
const head = Buffer.from('000000070000002a00026d65ffffffff00001388', 'hex')

describe('a produce request', () => {
  it('is read as it was written, and the same with fewer partitions', () => {
    const frame = writeProduce({ head, partitions: three })
    const found = readHead(frame)
    expect(found).toMatchObject({ apiKey: 0, version: 7, correlationId: 42, clientId: 'me' })
    const request = readProduce(frame, found)
    expect(request?.partitions).toEqual(three)
    const fewer = writeProduce({ head: request?.head ?? Buffer.alloc(0), partitions: three.slice(1) })
    expect(readProduce(fewer, readHead(fewer))?.partitions).toEqual(three.slice(1))
  })

  it('of another version is let through as it is', () => {
    const frame = writeProduce({ head, partitions: three })
    frame.writeInt16BE(9, 6)
    expect(readProduce(frame, readHead(frame))).toBeUndefined()
  })
})

describe('an answer', () => {
  const errorsIn = (answer: Buffer): readonly (readonly [string, number, number])[] => {
    const found: (readonly [string, number, number])[] = []
    let at = 12
    for (let topics = answer.readInt32BE(8); topics > 0; topics -= 1) {
      const nameEnd = at + 2 + answer.readInt16BE(at)
      const topic = answer.toString('utf8', at + 2, nameEnd)
      at = nameEnd + 4
      for (let left = answer.readInt32BE(nameEnd); left > 0; left -= 1) {
        found.push([topic, answer.readInt32BE(at), answer.readInt16BE(at + 4)])
        at += 30
      }
    }
    expect(at + 4).toBe(answer.length)
    return found
  }

  it('refuses what the broker has not seen, by itself and beside what the broker says', () => {
    const own = writeRefusals(42, [{ topic: 'orders', partition: 0, errorCode: 87 }])
    expect(own.readInt32BE(4)).toBe(42)
    expect(errorsIn(own)).toEqual([['orders', 0, 87]])
    const both = withRefusals(own, [{ topic: 'mails', partition: 1, errorCode: 7 }])
    expect(errorsIn(both).toSorted()).toEqual([
      ['mails', 1, 7],
      ['orders', 0, 87],
    ])
  })

  it('says otherwise of some partitions', () => {
    const answer = writeRefusals(42, [
      { topic: 'orders', partition: 0, errorCode: 0 },
      { topic: 'orders', partition: 3, errorCode: 0 },
    ])
    expect(errorsIn(withErrors(answer, [one('orders', 3, '')], 7))).toEqual([
      ['orders', 0, 0],
      ['orders', 3, 7],
    ])
    expect(errorsIn(answer)[1]).toEqual(['orders', 3, 0])
  })
})

it('frames come whole, however their bytes come', () => {
  const frame = writeProduce({ head, partitions: three })
  const bytes = Buffer.concat([frame, frame, frame])
  for (const size of [1, 3, 17, bytes.length]) {
    const splitter = new FrameSplitter()
    const found: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) found.push(...splitter.push(bytes.subarray(at, at + size)))
    expect(found).toEqual([frame, frame, frame])
  }
})
