import { defineTopic, unchecked, type Key, type Topic } from '@sluice/core'

/** What most tests publish: a number that grows per key, and bytes to make it large. */
export interface Item {
  readonly key: string | null
  readonly n: number
  readonly pad?: string
}

export type ItemTopic<Keyed extends boolean> = Topic<Item, Item, Keyed>

export interface ItemTopicOptions {
  /** @default what the adapter creates (8); only for keyed topics */
  readonly partitions?: number
  /** Groups that exist before the first publish. @default none */
  readonly groups?: readonly string[]
}

export const keyedItemTopic = (name: string, options: ItemTopicOptions): ItemTopic<true> =>
  defineTopic(name, { schema: unchecked<Item>(), key: (item) => item.key, ...options })

export const plainItemTopic = (name: string, options: Omit<ItemTopicOptions, 'partitions'>): ItemTopic<false> =>
  defineTopic(name, { schema: unchecked<Item>(), ...options })

/** A key as the history names it. */
export function keyText(key: Key | null): string | null {
  return key === null || typeof key === 'string' ? key : `0x${Buffer.from(key).toString('hex')}`
}
