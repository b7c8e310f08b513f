import { readInequivalence } from './inequivalence.js'
import type { Link } from './link.js'
import { exists } from './standing.js'
import type { WireChannel, WireValue } from './wire/port.js'
import { WireError } from './wire/wire-error.js'

export interface QueueNature {
  readonly durable: boolean
  /** `classic`, `quorum`, `stream`. */
  readonly type: string
}

/** More arguments than a queue can have that the broker compares. */
const MOST_QUESTIONS = 20

/**
 * What kind of queue somebody has made. Nobody may ask for it, so a declaration is corrected by what the broker says against it, until it
 * says nothing more. That changes nothing, as long as the queue is there.
 */
export async function natureOf(
  link: Link,
  queue: string,
  signal: AbortSignal,
): Promise<QueueNature | 'missing' | 'unknown'> {
  const nature = { durable: true, type: 'quorum' }
  const others: Record<string, WireValue> = {}
  for (let asked = 0; asked < MOST_QUESTIONS; asked += 1) {
    const said = await link.onChannel((channel) => ask(channel, queue, nature, others), signal)
    if (said === 'alike') return nature
    if (said === 'missing' || said === 'unknown') return said
    const { argument, found } = said
    if (argument === 'durable') {
      // Only a classic queue can be without it.
      if (found === 'false') return { durable: false, type: 'classic' }
      return 'unknown'
    }
    if (argument === 'x-queue-type') nature.type = found ?? 'classic'
    else if (found === undefined) return 'unknown'
    else others[argument] = valueOf(found)
  }
  return 'unknown'
}

async function ask(
  channel: WireChannel,
  queue: string,
  { durable, type }: QueueNature,
  others: Readonly<Record<string, WireValue>>,
): Promise<'alike' | 'missing' | 'unknown' | { readonly argument: string; readonly found: string | undefined }> {
  if (!(await exists(() => channel.checkQueue(queue)))) return 'missing'
  try {
    await channel.declareQueue(queue, { durable, arguments: { ...others, 'x-queue-type': type } })
    return 'alike'
  } catch (error) {
    if (!(error instanceof WireError) || error.replyCode === undefined) throw error
    const inequivalence = error.replyCode === 406 ? readInequivalence(error.message) : undefined
    return inequivalence === undefined || inequivalence.isCut ? 'unknown' : inequivalence
  }
}

function valueOf(text: string): WireValue {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
