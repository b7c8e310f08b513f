import { gunzipSync } from 'node:zlib'
import { decompress as unzstd } from 'fzstd'
import { decompress as unlz4 } from 'lz4js'
import { uncompress as unsnappy } from 'snappyjs'
import { MalformedBytes } from './byte-reader.js'

/** By their numbers in the attributes of a batch. In JavaScript, because whoever produces chooses, and an adapter must not need a compiler for it. */
const codecs: Readonly<Record<number, (packed: Uint8Array) => Uint8Array>> = {
  1: gunzipSync,
  2: unpackSnappy,
  3: unlz4,
  4: (packed) => unzstd(packed),
}

/** @throws MalformedBytes when the codec is not known, or what it is given is not its own */
export function decompress(codec: number, packed: Uint8Array): Uint8Array {
  const unpack = codecs[codec]
  if (unpack === undefined) throw new MalformedBytes(`records are compressed by codec ${codec}, which is not known`)
  try {
    return unpack(packed)
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new MalformedBytes(`records cannot be decompressed by codec ${codec}: ${text}`, { cause: error })
  }
}

/** What Java writes before each stream of blocks, which are raw Snappy each, with their length. Others write one block without it. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
/** The mark and two versions of four bytes. */
const XERIAL_BYTES = 16

function unpackSnappy(packed: Uint8Array): Uint8Array {
  if (packed.length < XERIAL_BYTES || XERIAL.compare(packed, 0, XERIAL.length) !== 0) return unsnappy(packed)
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const blocks: Uint8Array[] = []
  for (let at = XERIAL_BYTES; at < packed.length;) {
    const size = view.getInt32(at)
    blocks.push(unsnappy(packed.subarray(at + 4, at + 4 + size)))
    at += 4 + Math.max(0, size)
  }
  return Buffer.concat(blocks)
}
