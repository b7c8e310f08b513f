import type { TopologyItem } from '@sluice/core/spi'
import { readInequivalence, type Inequivalence } from './inequivalence.js'
import type { Link } from './link.js'
import type { QueueOptions, WireChannel } from './wire/port.js'
import { WireError } from './wire/wire-error.js'

/** How something stands at the broker, compared with what is wanted of it. */
export type Standing =
  | { readonly state: 'present' | 'created' | 'missing' }
  | { readonly state: 'differs'; readonly wanted: string; readonly found: string; readonly argument: string }
  /** It is there, and the broker may not be asked how. */
  | { readonly state: 'unknown'; readonly found: string }

/** Something that can be looked for, and declared. */
export interface Wanted {
  /** Rejects with 404 where it is missing. */
  readonly check: (channel: WireChannel) => Promise<unknown>
  /** Makes it, or says by 406 how it differs. `undefined`: it is taken as it is. */
  readonly declare?: (channel: WireChannel) => Promise<unknown>
  /** What follows where it is there and alike, as often as it is asked for. */
  readonly complete?: (channel: WireChannel) => Promise<unknown>
}

const present: Standing = { state: 'present' }

export const wantedQueue = (name: string, options: QueueOptions): Required<Omit<Wanted, 'complete'>> => ({
  check: (channel) => channel.checkQueue(name),
  declare: (channel) => channel.declareQueue(name, options),
})

/**
 * Compares, and changes nothing. A passive declaration shows no arguments, so what exists is declared once more as it should be: that
 * changes nothing either, and the broker names what differs. Whoever deletes it in the millisecond in between has it made again.
 */
export function compare(link: Link, { check, declare }: Wanted, signal: AbortSignal): Promise<Standing> {
  return link.onChannel(async (channel) => {
    if (!(await exists(() => check(channel)))) return { state: 'missing' }
    if (declare === undefined) return present
    return (await answerTo(() => declare(channel))) ?? present
  }, signal)
}

/** Makes what is missing, and alters nothing. */
export async function ensure(link: Link, wanted: Wanted, signal: AbortSignal): Promise<Standing> {
  const { check, declare, complete } = wanted
  const looked = await link.onChannel(async (channel): Promise<Standing> => {
    if (!(await exists(() => check(channel)))) return { state: 'missing' }
    const standing = declare === undefined ? present : ((await answerTo(() => declare(channel))) ?? present)
    if (standing.state === 'present') await complete?.(channel)
    return standing
  }, signal)
  // To ask for what was missing has ended the channel.
  if (looked.state !== 'missing' || declare === undefined) return looked
  return link.onChannel(async (channel) => {
    const differs = await answerTo(() => declare(channel), true)
    if (differs !== undefined) return differs
    await complete?.(channel)
    return { state: 'created' }
  }, signal)
}

export async function exists(check: () => Promise<unknown>): Promise<boolean> {
  try {
    await check()
    return true
  } catch (error) {
    if (hasCode(error, 404)) return false
    // Somebody's exclusive queue: the declaration that follows says the same.
    if (hasCode(error, 405)) return true
    throw error
  }
}

/** `undefined`: it is as it should be. What may not be made is an error; what is there and may not be declared again is not. */
async function answerTo(declare: () => Promise<unknown>, isNew = false): Promise<Standing | undefined> {
  try {
    await declare()
    return undefined
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    if (error.replyCode === 405) return differs('exclusive', 'shared', 'exclusive to somebody')
    if (error.replyCode === 403 && !isNew) return { state: 'unknown', found: error.message }
    const inequivalence = error.replyCode === 406 ? readInequivalence(error.message) : undefined
    if (inequivalence === undefined) throw error
    const { argument, wanted, found, isCut } = inequivalence
    if (isCut) return differs(argument, `another ${argument}`, 'a value that the broker had no room to tell')
    return differs(argument, valueText(argument, wanted), valueText(argument, found))
  }
}

const differs = (argument: string, wanted: string, found: string): Standing => ({
  ...{ state: 'differs', argument, wanted, found },
})

const valueText = (argument: string, value: Inequivalence['found']): string =>
  value === undefined ? `no ${argument}` : `${argument} "${value}"`

export const hasCode = (error: unknown, replyCode: number): boolean =>
  error instanceof WireError && error.replyCode === replyCode

/** As one line of a report. */
export function itemOf(entity: string, standing: Standing, wanted?: string): TopologyItem {
  switch (standing.state) {
    case 'differs':
      return { entity, state: 'differs', wanted: standing.wanted, found: standing.found }
    case 'unknown':
      return { entity, state: 'unknown', found: standing.found, ...(wanted === undefined ? {} : { wanted }) }
    default:
      return { entity, state: standing.state, ...(wanted === undefined ? {} : { wanted }) }
  }
}
