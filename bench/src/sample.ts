/** What one process of one subject has measured. */
export interface Sample {
  readonly messagesPerSecond: number
  /** Processor time per message of the whole process, in µs: the collector and the compiler have threads of their own. */
  readonly cpuMicros: number
  /** Bytes allocated per message, where they were counted. */
  readonly bytesPerMessage?: number
  /** More of what it has found, by name; the name ends in the unit. */
  readonly figures?: Readonly<Record<string, number>>
  /** How a figure went on over the run, by name; in equal steps. */
  readonly series?: Readonly<Record<string, readonly number[]>>
}
