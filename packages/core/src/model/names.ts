import { SluiceError } from '../errors/sluice-error.js'
import { printable } from '../errors/text-of.js'

/** Longest topic or group name, so that every derived broker name stays inside the limits of all brokers (Kafka: 249). */
export const maxNameLength = 100

/** Suffixes of names that Sluice derives; a topic that ends in one could be mistaken for them. */
export const reservedSuffixes: readonly string[] = [
  '.dlq',
  '.retry',
  '.redrive',
  '.delay',
  '.guard',
  '.members',
  '.removed',
]

const topicPattern = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/
const groupPattern = /^[A-Za-z0-9_-]+$/

/** @throws SluiceError INVALID_NAME */
export function checkTopicName(name: unknown, field = 'topic'): asserts name is string {
  check(name, field, topicPattern, 'letters, digits, "-", "_" and "." between them')
  const suffix = reservedSuffixes.find((s) => (name as string).endsWith(s))
  if (suffix !== undefined)
    throw new SluiceError(
      'INVALID_NAME',
      `${field} "${String(name)}" ends in the reserved suffix "${suffix}": choose another name`,
      {
        field,
      },
    )
}

/** A group name has no dot: `<topic>.<group>` can then be read in one way only. @throws SluiceError INVALID_NAME */
export function checkGroupName(name: unknown, field = 'group'): asserts name is string {
  check(name, field, groupPattern, 'letters, digits, "-" and "_"')
  // The group "dlq" of topic "a.b" would have the name of the dead letters of group "b" of topic "a".
  if (reservedSuffixes.includes(`.${String(name)}`))
    throw new SluiceError('INVALID_NAME', `${field} "${String(name)}" is a name that Sluice derives others with`, {
      field,
    })
}

function check(name: unknown, field: string, pattern: RegExp, allowed: string): void {
  if (typeof name !== 'string')
    throw new SluiceError('INVALID_NAME', `${field} must be a string, got ${name === null ? 'null' : typeof name}`, {
      field,
    })
  if (name.length > maxNameLength) {
    throw new SluiceError('INVALID_NAME', `${field} has ${name.length} characters, ${maxNameLength} are allowed`, {
      field,
    })
  }
  if (!pattern.test(name))
    throw new SluiceError('INVALID_NAME', `${field} "${printable(name)}" may have only ${allowed}`, { field })
}

/** Broker-side name of a group. */
export const groupName = (topic: string, group: string): string => `${topic}.${group}`

/** Broker-side name of the dead letters of a group. */
export const deadLetterName = (topic: string, group: string): string => `${topic}.${group}.dlq`
