import { describe, expect, it } from 'vitest'
import { LetterStore } from '../../src/memory/letter-store.js'
import { ids, message } from './fake-core.js'

function filled(count: number): LetterStore {
  const store = new LetterStore()
  for (const id of ids(count)) store.add(message(id))
  return store
}

describe('LetterStore', () => {
  it('reads page by page, oldest first, as often as one likes', () => {
    const store = filled(25)
    for (let round = 0; round < 1_200; round += 1) {
      const first = store.read(undefined, 10)
      const second = store.read(first.at(-1)?.cursor, 10)
      const third = store.read(second.at(-1)?.cursor, 10)
      expect([...first, ...second, ...third].map((letter) => letter.id)).toEqual(ids(25))
    }
    expect(store.length).toBe(25)
  })

  it('removes what it is told, once, and goes on behind a cursor that is gone', () => {
    const store = filled(10)
    const letters = store.read(undefined, 10)
    const removed = letters.filter((_, index) => index % 3 !== 0)
    store.remove(removed.map((letter) => letter.cursor))
    store.remove(removed.map((letter) => letter.cursor))
    store.remove(['no cursor'])
    expect(store.length).toBe(4)
    expect(store.read(letters[1]?.cursor, 10).map((letter) => letter.id)).toEqual(['m4', 'm7', 'm10'])
    store.add(message('m11'))
    expect(store.read(undefined, 10).map((letter) => letter.id)).toEqual(['m1', 'm4', 'm7', 'm10', 'm11'])
  })
})
