import { exponentialBackoff, type Clock } from '@sluice/core/spi'
import { errorCodes } from '../error-codes.js'
import { partitionKey } from '../partitions.js'
import { KafkaError, toKafkaError } from '../kafka-error.js'
import type { HostAndPort, Producer, ProduceResult, TopicPartition } from '../port.js'
import { encodeBatch } from '../records/encode-batch.js'
import type { KafkaRecord } from '../records/record.js'
import { serverError, type Cluster } from './cluster.js'
import { pause } from './pause.js'
import { ProduceLine } from './produce-line.js'
import type { ProduceAnswer } from './produce-request.js'
import { judgeProduce } from './produce-verdict.js'
import { WriteSession, type ProducerIdentity } from './write-session.js'

const backoff = exponentialBackoff({ fromMs: 50, toMs: 1_000 })
/** A topic that was just made is not known to every node at once; one that is unknown for longer is not there. */
const UNKNOWN_TOPIC_MS = 3_000

/** One attempt to have a batch stored, from the first try to its result. */
interface Attempt {
  readonly to: TopicPartition
  readonly batch: Buffer
  readonly deadlineMs: number
  tries: number
  /** It was written once and nothing was heard of that: it may be stored. */
  unheard: boolean
  unknownSinceMs: number | undefined
  /** Nobody waits for it any more. */
  over: boolean
  /** Why it was not stored at the last try. */
  trouble: KafkaError | undefined
}

/** What a try has ended with: a result, or why it may be tried again. */
type Try = { readonly result: ProduceResult } | { readonly again: KafkaError }

/**
 * Writes batches under numbers by which the brokers know what they have. A batch is repeated unchanged until it is answered, which is safe
 * because nothing else of its partition is on its way meanwhile.
 */
export class IdempotentProducer implements Producer {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #identify: () => Promise<ProducerIdentity>
  #identity: ProducerIdentity | undefined
  readonly #sessions = new Map<string, WriteSession>()
  readonly #lines = new Map<string, ProduceLine>()

  /** `identify` gives another identity each time, for the day on which one is used up. */
  constructor(
    cluster: Cluster,
    clock: Clock,
    { identity, identify }: { readonly identity: ProducerIdentity; readonly identify: () => Promise<ProducerIdentity> },
  ) {
    this.#cluster = cluster
    this.#clock = clock
    this.#identity = identity
    this.#identify = identify
  }

  async send(to: TopicPartition, records: readonly KafkaRecord[], timeoutMs: number): Promise<ProduceResult> {
    let session: WriteSession
    try {
      session = await this.#sessionOf(to)
    } catch (error) {
      return { kind: 'unwritten', error: toKafkaError(error) }
    }
    const attempt: Attempt = {
      to,
      batch: encodeBatch(records, session.origin),
      deadlineMs: this.#clock.monotonic() + timeoutMs,
      tries: 0,
      unheard: false,
      unknownSinceMs: undefined,
      over: false,
      trouble: undefined,
    }
    const result = await this.#runUntil(attempt, timeoutMs)
    if (result.kind === 'stored') session.stored(records.length)
    else if (!session.renew()) {
      this.#sessions.delete(partitionKey(to))
      // Other partitions go on under the one that they have.
      this.#identity = undefined
    }
    return result
  }

  async #sessionOf(to: TopicPartition): Promise<WriteSession> {
    const key = partitionKey(to)
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    this.#identity ??= await this.#identify()
    const session = new WriteSession(this.#identity)
    this.#sessions.set(key, session)
    return session
  }

  /** A node that is silent must not make it any later. */
  async #runUntil(attempt: Attempt, timeoutMs: number): Promise<ProduceResult> {
    let cancel = (): void => undefined
    const late = new Promise<ProduceResult>((resolve) => {
      cancel = this.#cluster.timers.after(timeoutMs, () =>
        resolve(giveUp(attempt, attempt.trouble ?? noAnswer(attempt, timeoutMs))),
      )
    })
    const result = await Promise.race([this.#run(attempt), late])
    attempt.over = true
    cancel()
    return result
  }

  async #run(attempt: Attempt): Promise<ProduceResult> {
    for (;;) {
      const one = await this.#try(attempt)
      if ('result' in one) return one.result
      attempt.tries += 1
      attempt.trouble = one.again
      const leftMs = attempt.deadlineMs - this.#clock.monotonic()
      const waitMs = backoff(attempt.tries)
      if (attempt.over || this.#cluster.closing.aborted || leftMs <= waitMs) return giveUp(attempt, one.again)
      await pause(this.#cluster.timers, waitMs, this.#cluster.closing)
    }
  }

  async #try(attempt: Attempt): Promise<Try> {
    const { to } = attempt
    let line: ProduceLine
    try {
      const found = await this.#leader(attempt)
      if ('result' in found || 'again' in found) return found
      line = await this.#line(found.leader)
    } catch (error) {
      this.#cluster.forget(to.topic)
      return { again: toKafkaError(error) }
    }
    if (this.#cluster.closing.aborted || attempt.over)
      return { again: new KafkaError('closed by this side', { kind: 'closed' }) }
    // Until it is heard that it is not so.
    const before = attempt.unheard
    attempt.unheard = true
    try {
      const timeoutMs = Math.min(attempt.deadlineMs - this.#clock.monotonic(), this.#cluster.requestTimeoutMs)
      const answer = await line.send({ ...to, batch: attempt.batch }, Math.max(1, Math.ceil(timeoutMs)))
      attempt.unheard = before
      return this.#judge(attempt, answer)
    } catch (error) {
      this.#cluster.forget(to.topic)
      return { again: toKafkaError(error) }
    }
  }

  #judge(attempt: Attempt, { errorCode: code, baseOffset, appendedMs }: ProduceAnswer): Try {
    const verdict = judgeProduce(code)
    if (verdict === 'stored') {
      const known = (value: number): number | undefined => (value < 0 ? undefined : value)
      return { result: { kind: 'stored', baseOffset: known(baseOffset), appendedMs: known(appendedMs) } }
    }
    const { topic, partition } = attempt.to
    const error = serverError(code, `${topic} ${partition}`)
    if (maybeStored.has(code)) attempt.unheard = true
    if (verdict === 'elsewhere') this.#cluster.forget(topic)
    if (verdict === 'again' || verdict === 'elsewhere') return { again: error }
    return { result: { kind: verdict === 'lost' || attempt.unheard ? 'uncertain' : 'refused', error } }
  }

  async #leader(attempt: Attempt): Promise<Try | { readonly leader: HostAndPort }> {
    const { to } = attempt
    const known = this.#cluster.leader(to)
    if (known !== undefined) return { leader: known }
    const { errors } = await this.#cluster.refresh([to.topic])
    const leader = this.#cluster.leader(to)
    if (leader !== undefined) {
      attempt.unknownSinceMs = undefined
      return { leader }
    }
    const code = errors.get(to.topic) ?? errorCodes.leaderNotAvailable
    const error = serverError(code, `${to.topic} ${to.partition}`)
    if (code !== errorCodes.unknownTopicOrPartition) return { again: error }
    const nowMs = this.#clock.monotonic()
    attempt.unknownSinceMs ??= nowMs
    if (attempt.unheard || nowMs - attempt.unknownSinceMs < UNKNOWN_TOPIC_MS) return { again: error }
    return { result: { kind: 'refused', error } }
  }

  /** One for each node, and a new one for a new connection. */
  async #line(at: HostAndPort): Promise<ProduceLine> {
    const key = `${at.host}:${at.port}`
    const line = this.#lines.get(key)
    if (line?.isOpen === true) return line
    const connection = await this.#cluster.connection(at, 'produce')
    // Whoever waited for the same connection may have made it.
    const made = this.#lines.get(key)
    if (made?.isOpen === true) return made
    const fresh = new ProduceLine(connection)
    this.#lines.set(key, fresh)
    return fresh
  }
}

/** Also a node that stops leading while others fetch what it has just appended: whoever leads then may have it. */
const maybeStored: ReadonlySet<number> = new Set([
  errorCodes.notEnoughReplicasAfterAppend,
  errorCodes.requestTimedOut,
  errorCodes.notLeaderOrFollower,
  errorCodes.kafkaStorageError,
])

function giveUp({ unheard }: Attempt, error: KafkaError): ProduceResult {
  return { kind: unheard ? 'uncertain' : 'unwritten', error }
}

const noAnswer = ({ to }: Attempt, timeoutMs: number): KafkaError =>
  new KafkaError(`${to.topic} ${to.partition}: no answer within ${timeoutMs} ms`, { kind: 'io', errno: 'ETIMEDOUT' })
