import { delayLevels, delayTickMs, levelPattern, targetPattern } from './delays.js'
import { inParallel } from './in-parallel.js'
import type { Link } from './link.js'
import { delayedExchange, delayName, undeliveredName } from './names.js'
import { compare, ensure, wantedQueue, type Standing, type Wanted } from './standing.js'
import type { QueueOptions, WireChannel } from './wire/port.js'

const CHANNELS = 6

/**
 * Queues in which messages wait, one for each power of two of a tick, shared by all groups of a vhost. What leaves one goes on to the next
 * lower one that its routing key names, and at last to its queue.
 *
 * Without both dead-lettering at least once and the refusal to overflow, on quorum queues, the broker loses what is on its way when it
 * stops; it takes the first for less when the second is missing.
 *
 * What finds no queue at the end, because its group was deleted, would be tried again and again and hold up everything behind it: it goes to
 * a queue of its own.
 */
export class DelayQueues {
  readonly #link: Link
  /** Of the session in which they were found complete. */
  #completeIn = 0

  constructor(link: Link) {
    this.#link = link
  }

  /** With `make` what is missing is made. Asked once in each session. */
  async stand(make: boolean, signal: AbortSignal): Promise<Standing> {
    const { epoch } = await this.#link.whenUp(signal)
    if (this.#completeIn === epoch) return { state: 'present' }
    const run = make ? ensure : compare
    // Exchanges first: a queue may not be bound to one that is missing, and drops what goes to one.
    const standings: Standing[] = []
    for (const group of parts()) {
      standings.push(...(await inParallel(group, CHANNELS, (wanted) => run(this.#link, wanted, signal))))
    }
    const worst = worstOf(standings)
    if (make ? worst.state === 'present' || worst.state === 'created' : worst.state === 'present')
      this.#completeIn = epoch
    return worst
  }

  /** What has waited for this queue goes there. */
  static async bind(channel: WireChannel, queue: string): Promise<void> {
    await channel.bindQueue(queue, delayedExchange, targetPattern(queue))
  }
}

/** What has to be there before what comes behind it. */
function parts(): readonly (readonly Wanted[])[] {
  const levels = Array.from({ length: delayLevels }, (_, level) => level)
  return [
    [undelivered, ...levels.map((level) => exchange(delayName(level), 'topic'))],
    [exchange(undeliveredName, 'fanout', (channel) => channel.bindQueue(undeliveredName, undeliveredName, ''))],
    [exchange(delayedExchange, 'topic', undefined, undeliveredName)],
    levels.map((level) => levelQueue(level)),
  ]
}

const undelivered: Wanted = wantedQueue(undeliveredName, {
  durable: true,
  arguments: { 'x-queue-type': 'quorum' },
})

function exchange(
  name: string,
  kind: 'topic' | 'fanout',
  complete?: Wanted['complete'],
  alternateExchange?: string,
): Wanted {
  return {
    check: (channel) => channel.checkExchange(name),
    declare: (channel) => channel.declareExchange(name, kind, alternateExchange),
    ...(complete === undefined ? {} : { complete }),
  }
}

function levelQueue(level: number): Wanted {
  const name = delayName(level)
  const next = level === 0 ? delayedExchange : delayName(level - 1)
  return {
    ...wantedQueue(name, levelOptions(level, next)),
    complete: async (channel) => {
      await channel.bindQueue(name, name, levelPattern(level, true))
      await channel.bindExchange(next, name, levelPattern(level, false))
    },
  }
}

const levelOptions = (level: number, next: string): QueueOptions => ({
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-message-ttl': delayTickMs * 2 ** level,
    'x-dead-letter-exchange': next,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  },
})

const order = ['differs', 'missing', 'unknown', 'created', 'present'] as const

function worstOf(standings: readonly Standing[]): Standing {
  for (const state of order) {
    const found = standings.find((standing) => standing.state === state)
    if (found !== undefined) return found
  }
  return { state: 'present' }
}
