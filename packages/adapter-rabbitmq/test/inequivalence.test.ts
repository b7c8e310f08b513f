import { describe, expect, it } from 'vitest'
import { readInequivalence } from '../src/inequivalence.js'

const before = "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'orders:partitions' in vhost '/': "

describe('what the broker says about a difference', () => {
  it.each([
    ["received '5' but current is '8'", '5', '8'],
    ["received the value '5' of type 'signedint' but current is the value '8' of type 'long'", '5', '8'],
    ["received none but current is the value '8' of type 'byte'", undefined, '8'],
    ["received the value 'true' of type 'bool' but current is none", 'true', undefined],
    ["received 'a' but current is ''", 'a', ''],
    ["received 'none' but current is 'it''s'", 'none', "it''s"],
  ])('is read: %s', (text, wanted, found) => {
    expect(readInequivalence(before + text)).toEqual({
      ...{ argument: 'x-max-length', kind: 'queue', name: 'orders:partitions', wanted, found, isCut: false },
    })
  })

  it('is read of exchanges, in any vhost, under any name', () => {
    const name = "it's received 'x' but current is 'y' in vhost '/'"
    const text = `PRECONDITION_FAILED - inequivalent arg 'type' for exchange '${name}' in vhost 'a' b': received 'direct' but current is 'topic'`
    expect(readInequivalence(text)).toMatchObject({
      argument: 'type',
      kind: 'exchange',
      wanted: 'direct',
      found: 'topic',
    })
  })

  it('is known to be cut wherever it is cut', () => {
    const whole = `${before}received the value '5' of type 'signedint' but current is the value '1024' of type 'short'`
    for (let length = before.indexOf('orders'); length < whole.length; length += 1) {
      const read = readInequivalence(`${whole.slice(0, length)}...`)
      expect(read).toMatchObject({ argument: 'x-max-length', wanted: undefined, found: undefined, isCut: true })
    }
    expect(readInequivalence(whole)).toMatchObject({ found: '1024', isCut: false })
  })

  it('is nothing else', () => {
    expect(readInequivalence('PRECONDITION_FAILED - unknown delivery tag 1')).toBeUndefined()
    expect(readInequivalence("PRECONDITION_FAILED - queue 'a' in vhost '/' in use")).toBeUndefined()
    expect(readInequivalence('')).toBeUndefined()
  })
})
