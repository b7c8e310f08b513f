import { isSluiceError, type Messaging } from '@sluice/core'
import type { PublishResult } from '@sluice/testing'
import { machineTime } from '../clock.js'
import { confirmed, type PublisherRole } from '../crew/protocol.js'
import type { HistoryFile } from '../history/history-file.js'
import { keys, orders, side, type Load } from '../topics.js'
import type { Progress } from './progress.js'

const tickMs = 5

export interface PublisherParts {
  readonly name: string
  readonly messaging: Messaging
  readonly role: PublisherRole
  readonly file: HistoryFile
  readonly progress: Progress
  /** Everything is published and answered. */
  readonly finished: () => void
}

/** Publishes as many messages as it was told to, at the rates that it is told. */
export class Publisher {
  readonly #parts: PublisherParts
  readonly #timer: NodeJS.Timeout
  #perSecond = 0
  #sidePerSecond = 0
  #due = 0
  #sideDue = 0
  #last = machineTime()
  #published = 0

  constructor(parts: PublisherParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  set perSecond(value: number) {
    this.#perSecond = value
  }

  set sidePerSecond(value: number) {
    this.#sidePerSecond = value
  }

  poison(messages: number): void {
    for (let left = messages; left > 0; left--) this.#publish('poison')
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const now = machineTime()
    // After a pause nobody makes up for it: that would be a burst.
    const seconds = Math.min(now - this.#last, 20 * tickMs) / 1_000
    this.#last = now
    this.#due += this.#perSecond * seconds
    this.#sideDue += this.#sidePerSecond * seconds
    for (; this.#due >= 1 && this.#mayPublish(); this.#due -= 1) this.#publish('main')
    for (; this.#sideDue >= 1 && this.#mayPublish(); this.#sideDue -= 1) this.#publish('side')
    this.#due = Math.min(this.#due, 1)
    this.#sideDue = Math.min(this.#sideDue, 1)
  }

  #mayPublish(): boolean {
    const { role, progress } = this.#parts
    return this.#published < role.messages && progress.unanswered < role.inFlight
  }

  #publish(kind: 'main' | 'side' | 'poison'): void {
    const { name, messaging, file, progress } = this.#parts
    const id = `${name}-${kind}-${this.#published++}`
    const at = machineTime()
    const key = kind === 'side' ? null : `k${Math.floor(Math.random() * keys)}`
    const load: Load = kind === 'poison' ? { at, key, poison: true } : { at, key }
    const publish = file.published(kind === 'side' ? side.name : orders.name, id, key, at)
    progress.count('publishes')
    const stored = kind === 'side' ? messaging.publish(side, load, { id }) : messaging.publish(orders, load, { id })
    stored.then(
      () => {
        if (kind === 'main') progress.reached(confirmed, at)
        this.#answered(publish, 'ok')
      },
      (error: unknown) => {
        // What is no error of Sluice's is a defect: it ends this process, and the run with it.
        if (!isSluiceError(error)) throw error
        this.#answered(publish, error.code === 'UNCERTAIN' ? 'uncertain' : 'refused')
      },
    )
  }

  #answered(publish: number, result: PublishResult): void {
    const { file, progress, role, finished } = this.#parts
    file.answered(publish, result)
    progress.count('answers')
    if (this.#published >= role.messages && progress.unanswered === 0) finished()
  }
}
