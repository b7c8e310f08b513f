import type { Lane } from './lane.js'

/** The lanes of keys, found by the bytes of the key: no text is made of them, which would cost more than the search. */
export class LaneTable {
  /** Lanes of one hash are linked. */
  readonly #byHash = new Map<number, Lane>()
  #size = 0

  get size(): number {
    return this.#size
  }

  find(key: Uint8Array): Lane | undefined {
    let lane = this.#byHash.get(hashOf(key))
    while (lane !== undefined && !isSame(lane.key, key)) lane = lane.twin
    return lane
  }

  /** A lane whose key has none yet. */
  add(lane: Lane): void {
    const hash = hashOf(lane.key)
    lane.twin = this.#byHash.get(hash)
    this.#byHash.set(hash, lane)
    this.#size += 1
  }

  /** Nothing happens when it is not in here. */
  remove(lane: Lane): void {
    const hash = hashOf(lane.key)
    const first = this.#byHash.get(hash)
    let before: Lane | undefined
    let found = first
    while (found !== undefined && found !== lane) {
      before = found
      found = found.twin
    }
    if (found === undefined) return
    if (before !== undefined) before.twin = lane.twin
    else if (lane.twin !== undefined) this.#byHash.set(hash, lane.twin)
    else this.#byHash.delete(hash)
    lane.twin = undefined
    this.#size -= 1
  }

  *[Symbol.iterator](): Generator<Lane, void, undefined> {
    for (const first of this.#byHash.values())
      for (let lane: Lane | undefined = first; lane !== undefined; lane = lane.twin) yield lane
  }
}

/** FNV-1a in 32 bits. */
function hashOf(key: Uint8Array): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ (key[at] as number), 0x01_00_01_93)
  return hash | 0
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}
