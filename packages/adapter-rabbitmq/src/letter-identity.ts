import { createHash } from 'node:crypto'
import type { WireDelivery } from './wire/port.js'

/** What the broker changes from one hand-over to the next. */
const volatile: ReadonlySet<string> = new Set([
  ...['x-delivery-count', 'x-acquired-count', 'x-opt-rabbitmq-delivery-time'],
])

/**
 * The same for the same message, whichever channel it comes on: a queue gives no positions. Two that share it are alike in all that anybody
 * could see of them.
 */
export function letterIdentity({ properties, content }: WireDelivery): string {
  const { headers, ...rest } = properties
  const hash = createHash('sha256')
  hash.update(JSON.stringify(rest))
  for (const name of Object.keys(headers ?? {}).sort()) {
    if (!volatile.has(name)) hash.update(`\0${name}\0${JSON.stringify(headers?.[name], replaceBigInt)}`)
  }
  hash.update('\0\0')
  hash.update(content)
  return hash.digest('base64url').slice(0, 22)
}

const replaceBigInt = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)
