import type { AnyTopic } from '../model/topic.js'

/** A topic with groups beyond those that it names itself. */
export interface ProvisionTopic {
  readonly topic: AnyTopic
  readonly groups: readonly (string | ProvisionGroup)[]
}

/** A group with the properties that it is created with. */
export interface ProvisionGroup {
  readonly name: string
  /** @default 'key' when the topic has a key */
  readonly order?: 'key' | 'none'
  /** @default 'creation' */
  readonly from?: 'creation' | 'earliest'
}
