/**
 * Whether a topic has keys, kept with the topic itself: it comes and goes with it. Kafka has no place for what others want to know of a topic, and
 * this setting means nothing where messages are not compacted. Brokers give 0 to what is made by others: nothing is known of that.
 */
export const keyMark = 'min.compaction.lag.ms'

const marks = { with: '1', without: '2' } as const

export const markOf = (keyed: boolean): string => (keyed ? marks.with : marks.without)

/** `undefined`: somebody else has made it. */
export function readMark(value: string | undefined): boolean | undefined {
  return value === marks.with ? true : value === marks.without ? false : undefined
}
