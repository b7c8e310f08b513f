import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { errorTable } from '../src/errors/table.js'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').replaceAll('\\', '')

/** By code: the comment of the table, and the row of the page. */
const comments = new Map(
  [...read('../src/errors/table.ts').matchAll(/\/\*\* ([^]+?) → ([^]+?) \*\/\s+([A-Z_]+): (true|false)/g)].map(
    ([, meaning, advice, code, retryable]) => [
      code,
      { retryable: retryable === 'true' ? 'yes' : 'no', meaning: plain(meaning ?? ''), advice: plain(advice ?? '') },
    ],
  ),
)
const rows = new Map(
  [...read('../../../docs/errors.md').matchAll(/^\| `([A-Z_]+)` *\| (yes|no) *\| (.+?) *\| (.+?) *\|$/gm)].map(
    ([, code, retryable, meaning, advice]) => [
      code,
      { retryable, meaning: plain(meaning ?? ''), advice: plain(advice ?? '') },
    ],
  ),
)

describe('docs/errors.md', () => {
  test('has a row for every code, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(errorTable).toSorted())
    expect([...comments.keys()].toSorted()).toEqual(Object.keys(errorTable).toSorted())
  })
  test.each(Object.keys(errorTable))('says of %s what the table says', (code) => {
    expect(rows.get(code)).toEqual(comments.get(code))
  })
})
