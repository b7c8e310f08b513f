/** Makes the next id at the wall time `nowMs`. */
export type IdSource = (nowMs: number) => string

const COUNTER_END = 4096
const LATEST_MS = 2 ** 48 - 1

/**
 * Ids in the form of a UUID version 7: 48 bits of time, a counter of 12 bits, and 62 random bits that are drawn once per
 * source. Each id of a source sorts after the one before, also when the wall clock is set back.
 */
export function createIdSource(): IdSource {
  let lastMs = -1
  let counter = 0
  let time = ''
  let prefix = ''
  let suffixes: readonly string[] | undefined

  return (nowMs) => {
    suffixes ??= drawSuffixes()
    const ms = Math.floor(nowMs)
    if (ms > lastMs) {
      lastMs = Math.min(ms, LATEST_MS)
      counter = 0
      time = ''
    } else {
      counter += 1
      if (counter === COUNTER_END) {
        // More than the counter holds in one millisecond: borrowed from the next one.
        counter = 0
        time = ''
        lastMs += 1
      }
    }
    // Sixteen ids share one prefix and one of sixteen suffixes, so that an id costs a single concatenation.
    if ((counter & 15) === 0) {
      if (time === '') time = timeText(lastMs)
      prefix = time + (twoDigits[counter >> 4] ?? '')
    }
    return prefix + (suffixes[counter & 15] ?? '')
  }
}

/** Ids of this process. */
export const nextId: IdSource = createIdSource()

const twoDigits = Array.from({ length: COUNTER_END / 16 }, (_, value) => value.toString(16).padStart(2, '0'))

function timeText(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7`
}

function drawSuffixes(): readonly string[] {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(8))
  // The two highest bits say which UUID layout this is.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return Array.from({ length: 16 }, (_, digit) => `${digit.toString(16)}-${hex.slice(0, 4)}-${hex.slice(4)}`)
}
