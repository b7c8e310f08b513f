import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { errorTable } from '../src/errors/table.js'

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const rows = new Map(
  [...page.matchAll(/^\| `([A-Z_]+)` \| (yes|no) \| (.+?) \| (.+?) \|$/gm)].map(
    ([, code, retryable, meaning, advice]) => [code, { retryable: retryable === 'yes', meaning, advice }],
  ),
)

describe('docs/errors.md', () => {
  test('has a row for every code, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(errorTable).toSorted())
  })
  test.each(Object.entries(errorTable))('says of %s what the table says', (code, { retryable, meaning, advice }) => {
    const escape = (text: string): string => text.replaceAll('|', '\\|')
    expect(rows.get(code)).toEqual({ retryable, meaning: escape(meaning), advice: escape(advice) })
  })
})
