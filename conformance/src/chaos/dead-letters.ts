import type { Messaging } from '@sluice/core'
import type { SeenLetter } from './history/read-histories.js'
import { orderedGroup, orders, side, sideGroup, unorderedGroup } from './topics.js'

const places = [
  { topic: orders, group: orderedGroup },
  { topic: orders, group: unorderedGroup },
  { topic: side, group: sideGroup },
] as const

/** Everything that lies in the dead letters of chaos, one for each copy. */
export async function listDeadLetters(messaging: Messaging): Promise<readonly SeenLetter[]> {
  const seen: SeenLetter[] = []
  for (const { topic, group } of places) {
    let after: string | undefined
    do {
      const page = await messaging
        .deadLetters(topic, group)
        .list({ limit: 10_000, ...(after === undefined ? {} : { after }) })
      for (const { id, key, reason, error } of page.letters) {
        const text = key === null ? null : typeof key === 'string' ? key : Buffer.from(key).toString()
        seen.push({ topic: topic.name, group, id, key: text, reason: `${reason}: ${error?.message ?? 'no text'}` })
      }
      after = page.next
    } while (after !== undefined)
  }
  return seen
}
