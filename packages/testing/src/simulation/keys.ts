import type { Key } from '@sluice/core'
import type { KeyPlan } from './plan.js'
import type { Seeded } from './seeded.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Some that go wrong easily: empty, not text at all, text as bytes, far from ASCII. */
const odd: readonly (Key | null)[] = [
  '',
  null,
  new Uint8Array([0xff, 0xfe]),
  new Uint8Array([0]),
  encoder.encode('k1'),
  'k1',
  'schlüssel',
]

export function drawKey(random: Seeded, keys: KeyPlan): Key | null {
  if (random.chance(0.04)) return null
  if (keys === 'odd') return random.pick(odd)
  return `k${random.int(0, { one: 0, few: 6, many: 300 }[keys])}`
}

/** The name of a key in the history. Text and its UTF-8 bytes are the same key. */
export function nameOfKey(key: Key | null): string | null {
  if (key === null || typeof key === 'string') return key === null ? null : `"${key}"`
  try {
    return `"${decoder.decode(key)}"`
  } catch {
    return `bytes ${key.join(',')}`
  }
}
