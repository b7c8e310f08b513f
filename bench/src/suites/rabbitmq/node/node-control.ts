/** What can be done to the node of the suite, from the process of a subject as from that of the bench. */
export interface NodeControl {
  /** Durable; bound to an exchange of its own name as well, with its name as the key. */
  declareQueue(name: string, type: QueueType): Promise<void>
  deleteQueue(name: string): Promise<void>
  /** Messages that are ready, and those that are handed out and not settled. Quorum queues are asked themselves: their counters are old. */
  depthOf(name: string): Promise<QueueDepth>
  /** Messages that the node has taken from publishers and given to consumers since it started. */
  traffic(): Promise<NodeTraffic>
  memoryAlarm(on: boolean): Promise<void>
  /** It stands still with all connections open (SIGSTOP). */
  freeze(): Promise<void>
  thaw(): Promise<void>
  stop(): Promise<void>
  /** Resolves when it answers clients again. */
  start(): Promise<void>
}

export type QueueType = 'classic' | 'quorum'

export interface QueueDepth {
  readonly ready: number
  readonly unacked: number
}

export interface NodeTraffic {
  readonly published: number
  readonly delivered: number
}

/** Every request there is, by name: what a subject's process may call. */
export const nodeRequests = [
  'declareQueue',
  'deleteQueue',
  'depthOf',
  'traffic',
  'memoryAlarm',
  'freeze',
  'thaw',
  'stop',
  'start',
] as const satisfies readonly (keyof NodeControl)[]
