import { SluiceError } from '@sluice/core'
import { checkKeys, show } from '@sluice/core/spi'
import type { ExistingNames } from './names.js'

/** AMQP writes the length of a name into one byte. */
const LONGEST_BYTES = 255

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
export function checkExisting(existing: ExistingNames | undefined): void {
  for (const [topicField, topic] of entriesOf('existing', existing)) {
    checkKeys(topicField, topic, ['exchange', 'routingKey', 'groups'])
    checkName(`${topicField}.exchange`, topic.exchange)
    checkName(`${topicField}.routingKey`, topic.routingKey, 0)
    for (const [groupField, group] of entriesOf(`${topicField}.groups`, topic.groups)) {
      checkKeys(groupField, group, ['queue', 'exclusive', 'deadLetterQueue'])
      if (group.queue === undefined) throw invalid(`${groupField}.queue`, 'is missing')
      checkName(`${groupField}.queue`, group.queue)
      if (group.exclusive !== undefined && typeof group.exclusive !== 'boolean')
        throw invalid(`${groupField}.exclusive`, `must be true or false, got ${show(group.exclusive)}`)
      checkName(`${groupField}.deadLetterQueue`, group.deadLetterQueue)
    }
  }
}

/** Any names, so only what kind of object it is can be wrong. */
function entriesOf<T extends object>(
  field: string,
  map: Readonly<Record<string, T>> | undefined,
): readonly (readonly [string, T])[] {
  if (map === undefined) return []
  checkKeys(field, map, Object.keys(map))
  return Object.entries(map).map(([name, value]) => [`${field}.${show(name).slice(1, -1)}`, value])
}

function checkName(field: string, name: unknown, shortest = 1): void {
  if (name === undefined) return
  if (typeof name !== 'string' || !name.isWellFormed()) throw invalid(field, `must be a text, got ${show(name)}`)
  const bytes = Buffer.byteLength(name)
  if (bytes < shortest || bytes > LONGEST_BYTES)
    throw invalid(field, `must have ${shortest} to 255 bytes, has ${bytes}`)
}

function invalid(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
}
