import { decodeUtf8, encodeUtf8 } from '@sluice/core/spi'
import type { KafkaRecord } from './wire/records/record.js'

/** Beside those of the envelope; only while the message waits. */
const HEADER = 'sluice-delay'
const MARK = 'mark'

/** How long a message has to wait, and where it goes then. */
export interface Delay {
  /** From the moment at which the broker stores it. */
  readonly leftMs: number
  /** Of the topic that is for its group alone. */
  readonly partition: number
  /** Of the message: a record that waits has the time of the broker instead. */
  readonly timestampMs: number
}

/** Written to be told what time it is. Belongs to nobody. */
export const timeMark: KafkaRecord = Object.freeze({
  ...{ key: null, value: null, timestampMs: 0 },
  headers: [[HEADER, encodeUtf8(MARK)]] as const,
})

export function withDelay(record: KafkaRecord, { leftMs, partition, timestampMs }: Delay): KafkaRecord {
  const value = encodeUtf8(`${Math.ceil(leftMs)} ${partition} ${Math.trunc(timestampMs)}`)
  return { ...record, headers: [...record.headers, [HEADER, value]] }
}

/** What {@link withDelay} was given. */
export interface Delayed {
  readonly record: KafkaRecord
  readonly delay: Delay
  /** Somebody else has written it, or a version to come. It waits no longer, because nobody knows for how long: consumers judge it. */
  readonly isStrange: boolean
}

/** `undefined`: a time mark, which is no message. */
export function withoutDelay(record: KafkaRecord): Delayed | undefined {
  const { key, value, headers, timestampMs: storedMs } = record
  const last = headers.at(-1)
  const text = last?.[0] === HEADER && last[1] !== null ? decodeUtf8(last[1]) : undefined
  if (text === MARK) return undefined
  const found = /^(\d+) (\d+) (-?\d+)$/.exec(text ?? '')
  if (found === null) {
    return { record, delay: { leftMs: 0, partition: 0, timestampMs: storedMs }, isStrange: true }
  }
  const [leftMs, partition, timestampMs] = found.slice(1).map(Number) as [number, number, number]
  return {
    record: { key, value, headers: headers.slice(0, -1), timestampMs },
    delay: { leftMs, partition, timestampMs },
    isStrange: false,
  }
}
