/** What stands before every request. */
export interface RequestHead {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string
  /** Where its body begins. */
  readonly end: number
}

export const produceKey = 0

export function readHead(frame: Buffer): RequestHead {
  const length = Math.max(0, frame.readInt16BE(12))
  return {
    apiKey: frame.readInt16BE(4),
    version: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    clientId: frame.toString('utf8', 14, 14 + length),
    end: 14 + length,
  }
}

/** Of an answer. */
export const correlationOf = (frame: Buffer): number => frame.readInt32BE(4)
