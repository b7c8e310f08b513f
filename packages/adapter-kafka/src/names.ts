import { adapterError, deadLetterName, groupName, type GroupRef } from '@sluice/core/spi'

/** Every name that Sluice uses at the broker is made in this file. A topic has the name that it has everywhere. */
export const groupIdOf = ({ topic, group }: GroupRef): string => groupName(topic, group)

/** Messages for one group alone: its retries, and what was sent back from its dead letters. */
export const retryTopicOf = ({ topic, group }: GroupRef): string => `${groupName(topic, group)}.retry`

/** Where its messages with a delay wait, one partition for each level of what is left. */
export const delayTopicOf = ({ topic, group }: GroupRef): string => `${groupName(topic, group)}.delay`

export const deadLetterTopicOf = ({ topic, group }: GroupRef): string => deadLetterName(topic, group)

/** The group that remembers which dead letters were removed, and of which one member at a time reads them. */
export const removedGroupOf = ({ topic, group }: GroupRef): string => `${groupName(topic, group)}.removed`

const internal: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__cluster_metadata',
])
/** Of a topic, as brokers have it: its folders are named after it. */
const MOST_CHARACTERS = 249

/**
 * What core lets through and Kafka would not take is refused here, before any request. Names that Sluice derives are longer than those that
 * they are made of; they stay inside the limit all the same.
 * @throws AdapterError REFUSED
 */
export function checkTopicName(name: string): void {
  const wrong = whatIsWrong(name)
  if (wrong !== undefined) throw adapterError('REFUSED', `topic "${name}" ${wrong}`, { scope: 'topic' })
}

function whatIsWrong(name: string): string | undefined {
  if (name === '.' || name === '..') return 'cannot be a name on Kafka: choose another'
  if (name.length > MOST_CHARACTERS)
    return `has ${name.length} characters, Kafka takes ${MOST_CHARACTERS}: choose a shorter name`
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return 'may have only letters, digits, ".", "_" and "-" on Kafka'
  return internal.has(name) ? 'belongs to Kafka itself: choose another name' : undefined
}
