/** What a process of the crew is started for. */
export interface Task {
  /** One life of one process. */
  readonly name: string
  readonly adapter: string
  /** How to reach the broker, as the target says. */
  readonly connection: unknown
  /** Where its history goes. */
  readonly historyFile: string
  readonly role: ConsumerRole | PublisherRole
}

export interface ConsumerRole {
  readonly kind: 'consumer'
  readonly concurrency: number
}

export interface PublisherRole {
  readonly kind: 'publisher'
  /** How many messages it publishes in all, whatever they are. */
  readonly messages: number
  readonly publishTimeoutMs: number
  /** Publishes without an answer that it allows itself. */
  readonly inFlight: number
}

/** What it is told. */
export type Command =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'side-rate'; readonly perSecond: number }
  | { readonly kind: 'poison'; readonly messages: number }
  | { readonly kind: 'stall'; readonly ms: number }

/** What it has done so far. */
export interface Counts {
  readonly publishes: number
  readonly answers: number
  readonly runs: number
  readonly ends: number
}

/** What it says: `progress` again and again, everything else once. */
export type Report =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'progress'; readonly newest: Readonly<Record<string, number>> } & Counts)
  | { readonly kind: 'stalled' }
  | { readonly kind: 'finished' }

/** Name in `newest` of what a publisher had confirmed; a consumer's are its groups. */
export const confirmed = 'confirmed'
