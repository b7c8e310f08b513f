import { defineTopic, unchecked, type RetryPolicy, type Topic } from '@sluice/core'

/** What a message of chaos carries. */
export interface Load {
  /** When it was published, on the clock of the machine. */
  readonly at: number
  /** Null for a message without one. */
  readonly key: string | null
  /** Its handler in the ordered group fails, always. */
  readonly poison?: true
}

/** The main traffic: keys in order in one group, without order in another. */
export const orderedGroup = 'billing'
export const unorderedGroup = 'audit'
export const keys = 200
const partitions = 8

export const orders: Topic<Load, Load, true> = defineTopic('orders', {
  schema: unchecked<Load>(),
  key: ({ key }) => key,
  partitions,
  groups: [orderedGroup, unorderedGroup],
})

/** The same topic as somebody has it in mind who is mistaken. */
export const mistakenOrders: Topic<Load, Load, true> = defineTopic('orders', {
  schema: unchecked<Load>(),
  key: ({ key }) => key,
  partitions: 2 * partitions,
})

/** A topic beside the main one, for what would lose messages there. */
export const sideGroup = 'returns'
export const side: Topic<Load, Load, false> = defineTopic('side', {
  schema: unchecked<Load>(),
  groups: [sideGroup],
})

export const groups = [
  { topic: orders.name, group: orderedGroup },
  { topic: orders.name, group: unorderedGroup },
  { topic: side.name, group: sideGroup },
] as const

/** Attempts that a message gets before it goes to the dead letters. */
export const maxAttempts = 3

export const retryPolicy: RetryPolicy = {
  name: 'chaos',
  placement: 'in-place',
  decide: ({ attempt }) => (attempt < maxAttempts ? { kind: 'retry', delayMs: 200 } : { kind: 'exhausted' }),
}
