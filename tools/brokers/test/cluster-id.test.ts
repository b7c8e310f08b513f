import { expect, test } from 'vitest'
import { newClusterId } from '../src/kafka/cluster-id.js'

test('an id of a cluster is never like an option of a command', () => {
  const ids = Array.from({ length: 5_000 }, newClusterId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
})
