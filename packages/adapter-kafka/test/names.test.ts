import { describe, expect, it } from 'vitest'
import { checkTopicName, deadLetterTopicOf, groupIdOf, removedGroupOf, retryTopicOf } from '../src/names.js'

const ref = { topic: 'a.b', group: 'c' }

describe('names', () => {
  it('of a group are told apart from each other and from topics', () => {
    expect(groupIdOf(ref)).toBe('a.b.c')
    expect(retryTopicOf(ref)).toBe('a.b.c.retry')
    expect(deadLetterTopicOf(ref)).toBe('a.b.c.dlq')
    expect(removedGroupOf(ref)).toBe('a.b.c.removed')
  })

  it('stay inside the limit of the broker with the longest names that core allows', () => {
    const longest = { topic: 't'.repeat(100), group: 'g'.repeat(100) }
    for (const name of [retryTopicOf(longest), deadLetterTopicOf(longest)]) {
      expect(name.length).toBeLessThanOrEqual(249)
      expect(() => checkTopicName(name)).not.toThrow()
    }
  })

  it.each(['.', '..', 'x'.repeat(250), 'a b', 'ä', '__consumer_offsets'])('refuses the topic %j', (name) => {
    expect(() => checkTopicName(name)).toThrow(expect.objectContaining({ code: 'REFUSED', scope: 'topic' }))
  })
})
