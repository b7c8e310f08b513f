import { describe, expect, test } from 'vitest'
import { conformance } from '../../src/conformance/index.js'
import { defineConformance } from '../../src/define-conformance.js'
import { conformanceIds, isId } from '../../src/ids.js'
import { refusals, variations } from '../../src/refusals.js'

describe('the list of ids', () => {
  test('knows its own ids and no others', () => {
    expect([isId('P1'), isId('P20'), isId('p1'), isId('')]).toEqual([true, false, false, false])
  })

  test('has every id once', () => {
    const ids = conformanceIds.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('counts every group from one without a gap', () => {
    const largest: Record<string, number> = { P: 19, C: 18, S: 19, O: 16, D: 10, R: 21, I: 11, L: 5, T: 4, B: 2, X: 7 }
    const expected = Object.entries(largest).flatMap(([letter, last]) =>
      Array.from({ length: last }, (_, index) => `${letter}${index + 1}`),
    )
    expect(conformanceIds.map(({ id }) => id)).toEqual(expected)
  })

  test('says which ids are about one broker', () => {
    const only = (broker: string): readonly string[] =>
      conformanceIds.filter((line) => 'only' in line && line.only === broker).map(({ id }) => id)
    expect(only('rabbitmq')).toEqual(['P13', 'P14', 'R4', 'R5'])
    expect(only('kafka')).toEqual(['O7', 'R13', 'R14', 'R15', 'R16', 'R17', 'R18', 'R19', 'R21'])
  })
})

describe('what may be refused', () => {
  test('is what the list of conformance allows, and nothing else', () => {
    expect(refusals.map(({ capability, id, part }) => `${capability}: ${id} ${part}`)).toEqual([
      'replay: C17 replay',
      'attemptRecord: S9 kill',
      'attemptRecord: T3 kill',
      'giveBack: S1 single',
    ])
    expect(variations.map(({ capability, id }) => `${capability}: ${id}`)).toEqual(['giveBack: S5', 'routing: P17'])
  })

  test('is asked by the tests of these parts, and by no other', () => {
    for (const { name, id, part, needs, refused } of conformance) {
      const listed = refusals.find((refusal) => refusal.id === id && refusal.part === part)
      expect(needs?.capability, name).toBe(listed?.capability)
      expect(refused === undefined, name).toBe(listed === undefined)
    }
  })

  test.each([
    ['an id that may not refuse', { id: 'P1', needs: { capability: 'replay' }, refused: async () => {} }],
    ['a whole id instead of its part', { id: 'C17', needs: { capability: 'replay' }, refused: async () => {} }],
    ['no test of the refusal', { id: 'C17', part: 'replay', needs: { capability: 'replay' } }],
    ['a refusal without a capability', { id: 'C17', part: 'replay', refused: async () => {} }],
  ] as const)('a definition with %s is rejected', (_what, definition) => {
    expect(() => defineConformance({ ...definition, run: async () => {} })).toThrow(TypeError)
  })
})

describe('the tests of the kit', () => {
  test('have names of their own', () => {
    const names = conformance.map(({ name }) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  test('stand in the order of the list', () => {
    const order = conformanceIds.map(({ id }) => id as string)
    const places = conformance.map(({ id }) => order.indexOf(id))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('cover every id of core that is not about one broker', () => {
    const covered = new Set<string>(conformance.map(({ id }) => id))
    const due = conformanceIds.filter((line) => !('only' in line) && !('plugin' in line)).map(({ id }) => id)
    expect(due.filter((id) => !covered.has(id))).toEqual([])
  })
})
