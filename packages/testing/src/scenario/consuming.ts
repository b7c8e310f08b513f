import type { Delivery, Handler, Message, SubscribeOptions, Subscription, Topic } from '@sluice/core'
import type { HandlerOutcome } from '../history/event.js'
import type { AskAnything, Client, Clients } from './clients.js'
import { keyText } from './item.js'
import type { Journal } from './journal.js'

/** One run of a handler, as the test saw it. Times are monotonic milliseconds. */
export interface Received<Payload> {
  readonly id: string
  readonly message: Message<Payload>
  readonly attempt: number
  readonly partition: number
  readonly instance: string
  readonly startedMs: number
  endedMs: number | undefined
  outcome: HandlerOutcome | 'running'
}

/** A subscription whose handler records everything. */
export interface Consumption<Payload> {
  readonly subscription: Subscription
  /** Every run, in the order of their starts. */
  readonly runs: readonly Received<Payload>[]
  /** Ids with at least one run that ended well. */
  readonly done: ReadonlySet<string>
}

/** Runs that several subscriptions of a group share: pass the same one to each. */
export interface Runs<Payload> {
  readonly runs: Received<Payload>[]
  readonly done: Set<string>
}

export interface Consuming {
  /** Subscribes with a handler that records its start, its end and how it settled. */
  consume<I, O, K extends boolean>(
    client: Client,
    topic: Topic<I, O, K>,
    options: SubscribeOptions<AskAnything, K>,
    body?: Handler<Message<O>>,
    into?: Runs<O>,
  ): Promise<Consumption<O>>
  /** The recording handler alone, for `subscribe` of other forms. */
  recording<O>(client: Client, group: string, runs: Runs<O>, body?: Handler<Message<O>>): Handler<Message<O>>
}

export const emptyRuns = <Payload>(): Runs<Payload> => ({ runs: [], done: new Set() })

export function createConsuming(journal: Journal, clients: Clients): Consuming {
  const { recorder, counters } = journal

  function recording<O>(client: Client, group: string, into: Runs<O>, body?: Handler<Message<O>>): Handler<Message<O>> {
    const instance = clients.nameOf(client)
    return async (message, delivery) => {
      // What a killed process does has no witness: a run that still starts in its stead is not there.
      if (journal.isBuried(instance)) return new Promise(() => undefined)
      const { partition, attempt } = delivery
      const key = keyText(message.key)
      const { id, topic } = message
      const row = recorder.handlerStarted({ topic, id, group, instance, key, attempt, partition })
      counters.started++
      const startedMs = performance.now()
      const run: Received<O> = {
        id,
        message,
        attempt,
        partition,
        instance,
        startedMs,
        endedMs: undefined,
        outcome: 'running',
      }
      into.runs.push(run)
      const witness = watchSettling(delivery)
      const end = (outcome: HandlerOutcome): void => {
        counters.finished++
        if (journal.isBuried(instance)) return
        run.outcome = outcome
        run.endedMs = performance.now()
        if (outcome === 'ok') into.done.add(id)
        recorder.handlerEnded(row, outcome)
      }
      try {
        await body?.(message, witness.delivery)
      } catch (error) {
        end(witness.settledAs() ?? 'failed')
        throw error
      }
      end(witness.settledAs() ?? 'ok')
      return undefined
    }
  }

  return {
    recording,
    async consume(client, topic, options, body, into = emptyRuns()) {
      const subscription = await client.subscribe(topic, options, recording(client, options.group, into, body))
      return { subscription, runs: into.runs, done: into.done }
    },
  }
}

/** A delivery that remembers how it was settled. */
export function watchSettling<M extends Message>(
  delivery: Delivery<M>,
): { delivery: Delivery<M>; settledAs: () => HandlerOutcome | undefined } {
  let settledAs: HandlerOutcome | undefined
  async function note(outcome: HandlerOutcome, settle: () => Promise<void>): Promise<void> {
    const before = settledAs
    settledAs ??= outcome
    try {
      await settle()
    } catch (error) {
      settledAs = before
      throw error
    }
  }
  return {
    settledAs: () => settledAs,
    delivery: {
      message: delivery.message,
      group: delivery.group,
      partition: delivery.partition,
      attempt: delivery.attempt,
      get signal() {
        return delivery.signal
      },
      get settled() {
        return delivery.settled
      },
      ack: () => note('ok', () => delivery.ack()),
      retry: (options) => note('retried', () => delivery.retry(options)),
      deadLetter: (reason) => note('dead-lettered', () => delivery.deadLetter(reason)),
      giveBack: (options) => note('given-back', () => delivery.giveBack(options)),
    },
  }
}
