const POLYNOMIAL = 0x82f6_3b78
/** Eight tables, so that eight bytes take one step. */
const LANES = 8
const tables = makeTables()

/** Castagnoli's check sum, which Kafka keeps of every batch of records. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffff_ffff
  let at = from
  for (const last = to - LANES; at <= last; at += LANES) {
    const low =
      crc ^ (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24))
    crc =
      entry(7, low & 0xff) ^
      entry(6, (low >>> 8) & 0xff) ^
      entry(5, (low >>> 16) & 0xff) ^
      entry(4, low >>> 24) ^
      entry(3, byte(bytes, at + 4)) ^
      entry(2, byte(bytes, at + 5)) ^
      entry(1, byte(bytes, at + 6)) ^
      entry(0, byte(bytes, at + 7))
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ entry(0, (crc ^ byte(bytes, at)) & 0xff)
  return (crc ^ 0xffff_ffff) >>> 0
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number
const entry = (lane: number, index: number): number => tables[lane * 256 + index] as number

function makeTables(): Int32Array {
  const made = new Int32Array(LANES * 256)
  for (let index = 0; index < 256; index += 1) {
    let crc = index
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    made[index] = crc
  }
  for (let lane = 1; lane < LANES; lane += 1) {
    for (let index = 0; index < 256; index += 1) {
      const before = made[(lane - 1) * 256 + index] as number
      made[lane * 256 + index] = (before >>> 8) ^ (made[before & 0xff] as number)
    }
  }
  return made
}
