/** What should exist at a broker, in Sluice's words. Existing names of a broker come from the adapter's own options. */
export interface Topology {
  readonly topics: readonly TopicSpec[]
}

export interface TopicSpec {
  readonly name: string
  readonly keyed: boolean
  /** Only for creation; `undefined` leaves it to the adapter (8 for keyed topics). */
  readonly partitions: number | undefined
  readonly groups: readonly GroupSpec[]
}

export interface GroupSpec {
  readonly name: string
  readonly order: 'key' | 'none'
  readonly from: 'creation' | 'earliest'
  /** Whether the group may get messages with a durable delay. */
  readonly durableDelays: boolean
}

export type ProvisionMode = 'plan' | 'verify' | 'declare'

export interface TopologyReport {
  readonly items: readonly TopologyItem[]
}

export interface TopologyItem {
  readonly entity: string
  readonly state: 'present' | 'created' | 'missing' | 'differs' | 'unknown'
  readonly wanted?: string
  readonly found?: string
}

/** One durability setting of the broker, judged. */
export interface Finding {
  readonly id: string
  readonly entity: string
  readonly level: 'error' | 'warning' | 'unknown'
  readonly found: string
  readonly wanted: string
}

/** `undefined` = cannot be known (never 0). */
export interface GroupMeasure {
  readonly backlog: number | undefined
  readonly unsettled: number | undefined
  readonly oldestMs: number | undefined
  readonly deadLetters: number | undefined
  readonly partitions: readonly { readonly partition: number; readonly backlog: number | undefined }[]
}
