import { array, assert, integer, nat, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFaultIndex, type FaultWindow } from '../../src/history/faults.js'
import { NONE } from '../../src/history/table.js'

const scope = integer({ min: NONE, max: 2 })
const time = integer({ min: 0, max: 30 })
const windows = array(
  record({ instance: scope, topic: scope, group: scope, partition: scope, from: time, length: time }).map(
    ({ from, length, instance, topic, group, partition }): FaultWindow => ({
      kind: 'claim-lost',
      from,
      to: from + length,
      instance,
      topic,
      group,
      partition,
    }),
  ),
  { maxLength: 12 },
)

describe('fault index', () => {
  it('counts the windows that a look through all of them finds', () => {
    assert(
      property(
        windows,
        tuple(scope, scope, scope),
        nat(2),
        time,
        time,
        (list, [topic, group, partition], instance, from, to) => {
          const fits = (wanted: number, value: number): boolean => wanted === NONE || wanted === value
          const expected = list.filter(
            (window) =>
              fits(window.instance, instance) &&
              fits(window.topic, topic) &&
              fits(window.group, group) &&
              (partition === NONE || fits(window.partition, partition)) &&
              from <= to &&
              window.from <= to &&
              window.to >= from,
          )
          const index = createFaultIndex(list)
          expect(index.ofClaim(instance, topic, group, partition).count(from, to)).toBe(expected.length)
        },
      ),
    )
  })
})
