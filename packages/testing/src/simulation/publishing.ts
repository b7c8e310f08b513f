import { isSluiceError, type Key, type Messaging, type Topic } from '@sluice/core'
import type { PublishResult } from '../history/event.js'
import { drawKey, nameOfKey } from './keys.js'
import type { TopicName } from './plan.js'
import type { ActionOf, Step } from './schedule.js'
import { createSeeded, type Seeded } from './seeded.js'
import type { Payload, World } from './world.js'

/** A process that publishes: its name in the history and its messaging object. */
export interface Source {
  readonly name: string
  readonly messaging: Messaging
  readonly dead: () => boolean
}

/** A topic without a key is never passed one: which of them it is, is drawn. */
type KeyedTopic = Topic<Payload, Payload, true>

interface Draft {
  readonly id: string
  readonly key: Key | null
}

type Ended = (result: PublishResult) => void

/** Publishes messages and writes down what became of them. */
export class Publishing {
  readonly #world: World
  readonly #pending = new Set<Source>()
  /** Messages that were passed to a publisher. */
  count = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Publishes that have not ended and still can. */
  get open(): number {
    let open = 0
    for (const { dead } of this.#pending) if (!dead()) open += 1
    return open
  }

  one(source: Source, topic: TopicName, { id, key }: Draft): Promise<void> {
    const { open, payload, options } = this.#begin(source, topic, { id, key })
    return source.messaging.publish(this.#world.topics[topic] as KeyedTopic, payload, options).then(
      () => open('ok'),
      (error: unknown) => open(resultOf(error)),
    )
  }

  several(source: Source, { number, seed, action }: Step & { readonly action: ActionOf<'publish'> }): void {
    for (const draft of this.#drafts(number, seed, action)) void this.one(source, action.topic, draft)
  }

  batch(source: Source, { number, seed, action }: Step & { readonly action: ActionOf<'publish-batch'> }): void {
    const { topic, timeoutMs, abortAfterMs } = action
    const begun = this.#drafts(number, seed, action).map((draft) => this.#begin(source, topic, draft))
    const entries = begun.map(({ payload, options }) => ({ payload, ...options }))
    const abort = new AbortController()
    if (abortAfterMs !== undefined) this.#world.clock.after(abortAfterMs, () => abort.abort(new Error('enough')))
    const options = { settled: true, signal: abort.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) } as const
    source.messaging.publishBatch(this.#world.topics[topic] as KeyedTopic, entries, options).then(
      (results) => {
        if (results.length !== begun.length)
          this.#world.problem(`a batch of ${begun.length} has ${results.length} results`)
        for (const [index, { open }] of begun.entries()) {
          const result = results[index]
          if (result?.status === 'stored') open('ok')
          else if (result !== undefined) open(resultOf(result.error))
        }
      },
      (error: unknown) => {
        for (const { open } of begun) open(resultOf(error))
      },
    )
  }

  #drafts(number: number, seed: number, { count, keys }: Pick<ActionOf<'publish'>, 'count' | 'keys'>): Draft[] {
    const random: Seeded = createSeeded('publish', seed)
    return Array.from({ length: count }, (_, index) => ({ id: `s${number}.${index}`, key: drawKey(random, keys) }))
  }

  #begin(source: Source, topic: TopicName, draft: Draft) {
    const world = this.#world
    const { name, dead } = source
    const { id } = draft
    const key = topic === 'orders' ? draft.key : null
    const publish = world.journal.recorder.publishInvoked({ topic, id, instance: name, key: nameOfKey(key) })
    const pending = { ...source }
    this.#pending.add(pending)
    this.count += 1
    let ended = false
    const open: Ended = (result) => {
      if (ended) world.problem(`the publish of ${id} ended twice`)
      if (ended || dead()) return
      ended = true
      this.#pending.delete(pending)
      world.journal.recorder.publishEnded(publish, result)
    }
    const k = typeof key === 'string' ? key : null
    // Text keys are left to the key function of the topic.
    const options = { id, ...(key === null || typeof key === 'string' || topic !== 'orders' ? {} : { key }) }
    return { open, payload: { k, id }, options }
  }
}

function resultOf(error: unknown): PublishResult {
  return isSluiceError(error) && error.code === 'UNCERTAIN' ? 'uncertain' : 'refused'
}
