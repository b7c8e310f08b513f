import { adapterError } from '@sluice/core/spi'
import { readInequivalence } from './inequivalence.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { exists, hasCode } from './standing.js'
import type { QueueOptions, WireChannel } from './wire/port.js'
import { WireError } from './wire/wire-error.js'

/** What a topic is made of, as the broker knows it. Fixed when the topic is made. */
export interface TopicShape {
  /** At least 1. */
  readonly partitions: number
  /** Each group has a queue for each partition; else one queue, and one partition. */
  readonly partitioned: boolean
  readonly keyed: boolean
}

/** The most that core allows. */
const MOST_PARTITIONS = 1024
/** No topic has so many, so a queue that has it was made by nobody but a reader that came too late. */
const IMPOSSIBLE = 9_999
const plain: TopicShape = { partitions: 1, partitioned: false, keyed: false }
const impossible: TopicShape = { partitions: IMPOSSIBLE, partitioned: true, keyed: true }
/** Each answer tells one argument of two; more are needed only while others delete and make the same queue. */
const MOST_QUESTIONS = 8

type Answer = 'missing' | 'alike' | { readonly argument: string; readonly found: string | undefined; isCut: boolean }

/**
 * The shape of each topic, kept at the broker: a queue that never holds a message, whose arguments say it. To declare is atomic, so of two
 * who make a topic with different shapes one is told so; and arguments are the one thing of a queue that nobody can change later, a policy
 * included. They cannot be read, but whoever declares the queue with others is told the right ones.
 */
export class PartitionMarkers {
  readonly #link: Link
  readonly #names: Names
  readonly #known = new Map<string, TopicShape>()

  constructor(link: Link, names: Names) {
    this.#link = link
    this.#names = names
  }

  /** As it was last read or written, without asking. */
  known(topic: string): TopicShape | undefined {
    return this.#known.get(topic)
  }

  /**
   * `undefined`: the topic is not Sluice's, or does not exist. A `guess` that is right saves a question, and an error in the broker's log.
   * @throws AdapterError TOPOLOGY_MISMATCH when a queue has the name and was not made by Sluice
   */
  async read(topic: string, signal: AbortSignal, guess?: TopicShape): Promise<TopicShape | undefined> {
    const shape = await this.#read(topic, this.#known.get(topic) ?? guess ?? impossible, signal)
    if (shape === undefined) this.#known.delete(topic)
    else this.#known.set(topic, shape)
    return shape
  }

  /** The shape that the topic has afterwards: the wanted one, unless somebody else was quicker. */
  async write(topic: string, wanted: TopicShape, signal: AbortSignal): Promise<TopicShape> {
    const queue = this.#names.partitionMarker(topic)
    await this.#link.onChannel(async (channel) => {
      try {
        await channel.declareQueue(queue, markerOptions(wanted))
      } catch (error) {
        // What differs is found out by reading.
        if (!hasCode(error, 406)) throw error
      }
    }, signal)
    const shape = await this.read(topic, signal, wanted)
    if (shape !== undefined) return shape
    const text = `topic "${topic}" was deleted while it was made`
    throw adapterError('DISCONNECTED', text, { scope: 'topic', retryable: true })
  }

  async #read(topic: string, guess: TopicShape, signal: AbortSignal): Promise<TopicShape | undefined> {
    const queue = this.#names.partitionMarker(topic)
    let shape = guess
    for (let asked = 0; asked < MOST_QUESTIONS; asked += 1) {
      const answer = await this.#ask(queue, shape, signal)
      if (answer === 'missing') return undefined
      if (answer === 'alike') {
        if (shape.partitions !== IMPOSSIBLE) return shape
        await this.#link.onChannel((channel) => channel.deleteQueue(queue), signal)
        return undefined
      }
      const next = corrected(shape, answer) ?? (answer.isCut ? await this.#search(queue, shape, signal) : undefined)
      if (next === undefined) throw foreign(queue, answer.argument)
      shape = next
    }
    const text = `topic "${topic}" changes while it is asked for`
    throw adapterError('DISCONNECTED', text, { scope: 'topic', retryable: true })
  }

  #ask(queue: string, shape: TopicShape, signal: AbortSignal): Promise<Answer> {
    return this.#link.onChannel(async (channel) => {
      if (!(await exists(() => channel.checkQueue(queue)))) return 'missing'
      return declareAgain(channel, queue, shape)
    }, signal)
  }

  /** Names so long that the answers have no room for the number: one after the other is tried, the usual ones first. */
  async #search(queue: string, from: TopicShape, signal: AbortSignal): Promise<TopicShape | undefined> {
    let { keyed } = from
    for (const count of candidates()) {
      for (let turn = 0; turn < 2; turn += 1) {
        const shape = shapeOf(count, keyed)
        const answer = await this.#ask(queue, shape, signal)
        if (answer === 'missing' || answer === 'alike') return shape
        if (answer.argument !== 'x-max-length-bytes') break
        keyed = !keyed
      }
    }
    return undefined
  }
}

/** Of a topic without explicit partitions or keys: `undefined` and 1 mean the same there. */
export function wantedShape(keyed: boolean, partitions: number | undefined, defaultPartitions: number): TopicShape {
  if (!keyed && partitions === undefined) return plain
  return { partitions: partitions ?? defaultPartitions, partitioned: true, keyed }
}

function markerOptions({ partitions, partitioned, keyed }: TopicShape): QueueOptions {
  return {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-max-length': partitioned ? partitions : 0,
      'x-max-length-bytes': keyed ? 1 : 2,
    },
  }
}

async function declareAgain(channel: WireChannel, queue: string, shape: TopicShape): Promise<Answer> {
  try {
    await channel.declareQueue(queue, markerOptions(shape))
    return 'alike'
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    if (error.replyCode === 405) return { argument: 'exclusive', found: undefined, isCut: false }
    const inequivalence = error.replyCode === 406 ? readInequivalence(error.message) : undefined
    if (inequivalence === undefined) throw error
    return inequivalence
  }
}

/** With what an answer has told; `undefined` when it tells no shape. */
function corrected(shape: TopicShape, answer: Exclude<Answer, string>): TopicShape | undefined {
  const { argument, found, isCut } = answer
  if (argument === 'x-max-length-bytes') {
    // There are two, so the other one is meant, with or without a number.
    return isCut || found === '1' || found === '2' ? { ...shape, keyed: !shape.keyed } : undefined
  }
  if (argument !== 'x-max-length' || found === undefined || !/^\d+$/.test(found)) return undefined
  const count = Number(found)
  return count <= MOST_PARTITIONS || count === IMPOSSIBLE ? shapeOf(count, shape.keyed) : undefined
}

const shapeOf = (count: number, keyed: boolean): TopicShape =>
  count === 0 ? { ...plain, keyed } : { partitions: count, partitioned: true, keyed }

function candidates(): Iterable<number> {
  const all = Array.from({ length: MOST_PARTITIONS + 1 }, (_, count) => count)
  return new Set([8, 0, 16, 4, 32, 12, 24, 64, 128, IMPOSSIBLE, ...all])
}

const foreign = (queue: string, argument: string): Error => {
  const text = `queue "${queue}" was not made by Sluice (its ${argument} is another): rename the topic, or give the names that exist`
  return adapterError('TOPOLOGY_MISMATCH', text, { scope: 'topic' })
}
