import { createHash } from 'node:crypto'
import { delayName } from './names.js'

/** Each level waits for twice as long as the one below it. */
export const delayLevels = 25
/** Of the lowest level, in ms: half of what a short delay may be late by, so that the way through the broker has the other half. */
export const delayTickMs = 125
/** The longest delay, in ms: 48 days. Each of the hops may be early by a part of a millisecond, which counts against it. */
export const longestDelayMs: number = (2 ** delayLevels - 1) * delayTickMs - delayLevels

/** A routing key has room for 255 bytes; each level takes two. */
const LONGEST_WORD = 255 - 2 * delayLevels
/** Of the names that Sluice makes. */
const ownName = /^[A-Za-z0-9_.:-]+$/

export interface DelayAddress {
  readonly exchange: string
  readonly routingKey: string
}

/**
 * Where a message has to be published to come to a queue after `delayMs`, never earlier. The routing key says at which levels it waits, the
 * highest first, and where it goes then. `undefined`: longer than {@link longestDelayMs}.
 */
export function delayAddress(queue: string, delayMs: number): DelayAddress | undefined {
  if (!(delayMs > 0)) return { exchange: '', routingKey: queue }
  if (delayMs > longestDelayMs) return undefined
  const ticks = ticksOf(delayMs)
  const bits = ticks.toString(2).padStart(delayLevels, '0')
  const highest = delayLevels - 1 - bits.indexOf('1')
  return { exchange: delayName(highest), routingKey: `${bits.split('').join('.')}.${targetWord(queue)}` }
}

/** The broker counts whole milliseconds, so each hop may end one too early: the fewest ticks that are long enough all the same. */
function ticksOf(delayMs: number): number {
  let ticks = Math.ceil(delayMs / delayTickMs)
  while (ticks * delayTickMs - hopsOf(ticks) < delayMs) ticks += 1
  return ticks
}

function hopsOf(ticks: number): number {
  let hops = 0
  for (let rest = ticks; rest > 0; rest = Math.floor(rest / 2)) hops += rest % 2
  return hops
}

/**
 * The queue as one word of a routing key: with its dots as words of their own, what is meant for `a.b.c` would come to `b.c` as well. No
 * name of Sluice's has a slash. Names of others may have anything in them, or be too long, and are told by their digest.
 */
function targetWord(queue: string): string {
  if (ownName.test(queue) && queue.length <= LONGEST_WORD) return queue.replaceAll('.', '/')
  return `=${createHash('sha256').update(queue).digest('base64url')}`
}

/** Binding key of what waits at a level (`waits`), or passes it by. */
export function levelPattern(level: number, waits: boolean): string {
  return `${'*.'.repeat(delayLevels - 1 - level)}${waits ? 1 : 0}.#`
}

/** Binding key of what has waited and goes on to a queue. */
export const targetPattern = (queue: string): string => `#.${targetWord(queue)}`
