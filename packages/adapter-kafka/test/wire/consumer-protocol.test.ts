import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from '../../src/wire/kafkajs/consumer-protocol.js'

const { AssignerProtocol } = kafkajs
const partitions = [
  { topic: 'a', partition: 3 },
  { topic: 'b', partition: 0 },
  { topic: 'a', partition: 1 },
]

describe('what members of a group tell each other', () => {
  it('comes back as it was written', () => {
    const subscription = { topics: ['a', 'größe'], owned: partitions }
    const { topics, owned } = readSubscription(writeSubscription(subscription))
    expect(topics).toEqual(subscription.topics)
    expect(owned).toEqual(expect.arrayContaining(partitions))
    expect(readAssignment(writeAssignment(partitions))).toEqual(expect.arrayContaining(partitions))
    expect(readAssignment(writeAssignment([]))).toEqual([])
    expect(readAssignment(new Uint8Array(0))).toEqual([])
  })

  it('is what others read as well', () => {
    expect(AssignerProtocol.MemberAssignment.decode(writeAssignment(partitions))?.assignment).toEqual({
      a: [3, 1],
      b: [0],
    })
    expect(AssignerProtocol.MemberMetadata.decode(writeSubscription({ topics: ['a'], owned: [] }))?.topics).toEqual([
      'a',
    ])
  })

  it('is read of those who say less', () => {
    const foreign = AssignerProtocol.MemberMetadata.encode({ version: 0, topics: ['a'], userData: Buffer.from('x') })
    expect(readSubscription(foreign)).toEqual({ topics: ['a'], owned: [] })
  })
})
