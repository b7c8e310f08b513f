/** Where things are in a batch of records of format 2, which is all that Kafka writes since 0.11; in bytes from its beginning. */
export const layout = {
  /** The length says how many bytes follow it. */
  afterLength: 12,
  crc: 17,
  /** The check sum is of everything from here on. */
  attributes: 21,
  records: 61,
} as const

/** The lowest three bits of the attributes say how the records are compressed. */
export const COMPRESSION_MASK = 0x07
/** The time of every record is that of the broker, which stands in the batch. */
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
/** Its records are not messages, but marks of the broker's. */
export const CONTROL = 0x20

export const FORMAT = 2
