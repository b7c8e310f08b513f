import type { Cancel } from '../model/clock.js'
import type { SendBatch, SendResult } from '../spi/sending.js'
import type { Broker } from './broker.js'
import { streamOf } from './send-rule.js'

/** What the broker has decided about messages of one batch that follow each other. */
export interface Answer {
  readonly batch: SendBatch
  /** Index of the first of them. */
  readonly first: number
  readonly results: readonly SendResult[]
}

/** An answer that is on its way. */
interface Parcel {
  readonly stream: string
  readonly answer: Answer
  /** When the client stops waiting for the first of them. */
  readonly deadline: number
  readonly cancel: Cancel
}

export interface AnswersOptions {
  readonly broker: Broker
  readonly clientName: string
  /** Runs reports later. */
  readonly report: (run: () => void) => void
  /** Some have arrived. */
  readonly arrived: () => void
}

/** Answers to sends on their way to the client. Where the way takes time they overtake each other, and get lost with the connection. */
export class Answers {
  readonly #options: AnswersOptions
  readonly #parcels = new Set<Parcel>()

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  get pending(): boolean {
    return this.#parcels.size > 0
  }

  /** The streams that have some on their way, and when somebody stops waiting for them. */
  get waiting(): readonly { readonly stream: string; readonly deadline: number }[] {
    return [...this.#parcels]
  }

  give(answer: Answer, deadline: number): void {
    const { broker, clientName, report, arrived } = this.#options
    const { latencyMs, clock } = broker
    if (latencyMs === undefined) {
      tell(answer)
      return
    }
    if (answer.results.length === 0) return
    const { destination, partition } = answer.batch
    const cancel = clock.after(latencyMs({ clientName, what: 'answer' }), () => {
      if (!this.#parcels.delete(parcel)) return
      report(() => tell(answer))
      arrived()
    })
    const parcel: Parcel = { stream: streamOf(destination, partition), answer, deadline, cancel }
    this.#parcels.add(parcel)
  }

  /** Those of these streams never arrive. Returns what nobody will know of. */
  lose(streams: ReadonlySet<string>): readonly Answer[] {
    const lost = [...this.#parcels].filter(({ stream }) => streams.has(stream))
    for (const parcel of lost) {
      parcel.cancel()
      this.#parcels.delete(parcel)
    }
    return lost.map(({ answer }) => answer)
  }
}

function tell({ batch, first, results }: Answer): void {
  for (let at = 0; at < results.length; at += 1) batch.report(first + at, results[at] as SendResult)
}
