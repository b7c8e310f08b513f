import * as amqp from './frames.js'

const { id, method } = amqp

/** Numbers that a seed decides. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** Of at least 0 and less than `below`. */
  next(below: number): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at += 1) bytes[at] = this.next(256)
    return bytes
  }
}

/** Field tables inside of tables, as deep as a frame allows: too deep for a decoder that calls itself. */
function deepTable(): Buffer {
  const bytes = Buffer.alloc(130_000)
  // Each level: an empty name, the type, and the length of the rest.
  for (let at = 0; at + 6 <= bytes.length; at += 6) {
    bytes.write('F', at + 1)
    bytes.writeUInt32BE(bytes.length - at - 6, at + 2)
  }
  return bytes
}
const deep = deepTable()

/** What comes of these depends on what the client has asked for before, and is odd at most. */
const harmless: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => amqp.delivery(1, 'tag-1', 1 + dice.next(9), dice.bytes(dice.next(300))),
  (dice) => amqp.confirm(2, 1 + dice.next(10), dice.next(2) === 0),
  (dice) => method(2, id.nack, amqp.u64(1 + dice.next(10)), amqp.u8(dice.next(2))),
  (dice) =>
    Buffer.concat([
      method(2, id.returned, amqp.u16(312), amqp.short('NO_ROUTE'), amqp.short('e'), amqp.short('k')),
      amqp.content(2, dice.bytes(dice.next(50))),
    ]),
  (dice) => method(1, id.cancel, amqp.short(`tag-${2 + dice.next(3)}`), amqp.u8(1)),
  () => method(0, id.blocked, amqp.short('memory')),
  () => method(0, id.unblocked),
  () => amqp.heartbeat(),
  (dice) => withHeaders(field(dice.pick(['l', 'd', 'T']), amqp.u64(dice.next(2 ** 32)))),
]

const wild: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => amqp.delivery(dice.next(4), `tag-${dice.next(4)}`, dice.next(9), dice.bytes(dice.next(30))),
  (dice) => amqp.confirm(dice.next(4), dice.next(20), dice.next(2) === 0),
  (dice) => method(dice.next(3), id.channelFlowOk, amqp.u8(1)),
  (dice) => method(1 + dice.next(2), id.queueDeclareOk, amqp.short('q'), amqp.u32(0), amqp.u32(0)),
  (dice) => amqp.channelClose(1 + dice.next(2), 404, 'NOT_FOUND'),
  () => amqp.close(541, 'INTERNAL_ERROR'),
  (dice) => method(1 + dice.next(2), id.channelCloseOk),
  () => method(1, id.getOk, amqp.u64(1), amqp.u8(0), amqp.short(''), amqp.short(''), amqp.u32(0)),
  // Every type of field, one that does not exist, and too few bytes.
  (dice) => withHeaders(field(dice.pick('bBSIiDTFAdflsutVx?'.split('')), dice.bytes(dice.next(12)))),
  (dice) => (dice.next(10) === 0 ? withHeaders(deep) : amqp.heartbeat()),
  (dice) => amqp.frame(dice.next(10), dice.next(4), dice.bytes(dice.next(100))),
  (dice) => {
    const name = Buffer.concat([amqp.u16(dice.pick([10, 20, 40, 50, 60, 85, 90])), amqp.u16(dice.next(120))])
    return amqp.frame(amqp.METHOD, dice.next(3), Buffer.concat([name, dice.bytes(dice.next(40))]))
  },
  (dice) => spoil(dice.pick(harmless)(dice), dice),
  (dice) => spoil(dice.pick(wild)(dice), dice),
]

const field = (tag: string, ...bytes: readonly Buffer[]): Buffer =>
  Buffer.concat([amqp.short('__proto__'), Buffer.from(tag), ...bytes])

/** A delivery whose properties are these headers. */
function withHeaders(fields: Buffer): Buffer {
  const properties = Buffer.concat([amqp.u16(0x20_00), amqp.u32(fields.length), fields])
  return Buffer.concat([
    method(1, id.deliver, amqp.short('tag-1'), amqp.u64(1), amqp.u8(0), amqp.short('e'), amqp.short('k')),
    amqp.frame(amqp.HEADER, 1, Buffer.concat([amqp.u16(60), amqp.u16(0), amqp.u64(1), properties])),
    amqp.frame(amqp.BODY, 1, Buffer.from('x')),
  ])
}

/** Of a hundred, so many are what no broker sends. */
export function hostileFrame(dice: Dice, wildness: number): Buffer {
  return dice.pick(dice.next(100) < wildness ? wild : harmless)(dice)
}

export function spoil(whole: Buffer, dice: Dice): Buffer {
  const bytes = Buffer.from(whole)
  switch (dice.next(4)) {
    case 0:
      for (let count = 1 + dice.next(4); count > 0; count -= 1) bytes[dice.next(bytes.length)] = dice.next(256)
      return bytes
    case 1:
      return bytes.subarray(0, dice.next(bytes.length))
    case 2: {
      const at = dice.next(bytes.length)
      return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.next(8)), bytes.subarray(at)])
    }
    default: {
      // The payload only, so that the frame itself is right.
      const at = 7 + dice.next(Math.max(1, bytes.length - 8))
      if (at < bytes.length - 1) bytes[at] = dice.next(256)
      return bytes
    }
  }
}
