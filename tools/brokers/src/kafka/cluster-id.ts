import { randomBytes } from 'node:crypto'

/** 16 bytes as Kafka writes them. With a dash in front, one of 64, the tool that formats the storage would take it for an option of its own. */
export function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
