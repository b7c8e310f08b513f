/** What can be done to the node of the suite, from the process of a subject as from that of the bench. */
export interface KafkaControl {
  /** With one replica of each partition. */
  makeTopic(name: string, partitions: number): Promise<void>
  /** With everything that is named after it, groups included. */
  removeTopic(name: string): Promise<void>
  /** Messages that are stored. */
  stored(name: string): Promise<number>
  /** Messages that a group has not settled; of a group that is not known, all. */
  left(name: string, group: string): Promise<number>
}

/** Every request there is, by name: what a subject's process may call. */
export const kafkaRequests = [
  'makeTopic',
  'removeTopic',
  'stored',
  'left',
] as const satisfies readonly (keyof KafkaControl)[]
