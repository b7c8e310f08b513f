const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** The 32-bit hash that Kafka's Java client takes of a key, as the signed number that Java returns. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const wholeWords = length & ~3
  let hash = SEED ^ length
  for (let i = 0; i < wholeWords; i += 4) {
    const word = Math.imul(wordAt(bytes, i), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word ^ (word >>> 24), MULTIPLIER)
  }
  if (length > wholeWords) hash = Math.imul(hash ^ wordAt(bytes, wholeWords), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/**
 * The partition of a key among `partitions` (1 or more): the one that every Java producer chooses for the same bytes, so
 * that services in several languages agree on the order of a key.
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

/** Four bytes, lowest first. Behind the end there is nothing, and nothing counts as zero bits. */
function wordAt(bytes: Uint8Array, index: number): number {
  return (
    (bytes[index] ?? 0) |
    ((bytes[index + 1] ?? 0) << 8) |
    ((bytes[index + 2] ?? 0) << 16) |
    ((bytes[index + 3] ?? 0) << 24)
  )
}
