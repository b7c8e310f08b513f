import { KafkaError } from '../kafka-error.js'
import { partitionKey } from '../partitions.js'
import type { NodeConnection } from './node-connection.js'
import { produceRequest, type PartitionBatch, type ProduceAnswer } from './produce-request.js'

interface Queued {
  readonly batch: PartitionBatch
  readonly timeoutMs: number
  readonly resolve: (answer: ProduceAnswer) => void
  readonly reject: (error: unknown) => void
}

/** A broker takes requests of 100 MiB as a rule. */
const MOST_BYTES = 8 * 1024 * 1024
/** The broker answers by itself when the replicas take too long. What comes later than that is lost on the way. */
const GRACE_MS = 1_000

/** Batches of several partitions that go to one node in one tick go in one request. */
export class ProduceLine {
  readonly #connection: NodeConnection
  #queued: Queued[] = []

  constructor(connection: NodeConnection) {
    this.#connection = connection
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  /** Rejects when the connection ends before the answer: whether it was stored is not known then. */
  send(batch: PartitionBatch, timeoutMs: number): Promise<ProduceAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#queued.push({ batch, timeoutMs, resolve, reject }) === 1) queueMicrotask(() => this.#flush())
    })
  }

  #flush(): void {
    let group: Queued[] = []
    let bytes = 0
    const queued = this.#queued
    this.#queued = []
    for (const one of queued) {
      if (group.length > 0 && bytes + one.batch.batch.length > MOST_BYTES) {
        void this.#request(group)
        group = []
        bytes = 0
      }
      group.push(one)
      bytes += one.batch.batch.length
    }
    void this.#request(group)
  }

  async #request(group: readonly Queued[]): Promise<void> {
    let timeoutMs = Infinity
    for (const one of group) timeoutMs = Math.min(timeoutMs, one.timeoutMs)
    const batches = group.map(({ batch }) => batch)
    try {
      const answers = await this.#connection.request(produceRequest(batches, timeoutMs), timeoutMs + GRACE_MS)
      const found = new Map(answers.map((answer) => [partitionKey(answer), answer]))
      for (const { batch, resolve, reject } of group) {
        const answer = found.get(partitionKey(batch))
        if (answer !== undefined) resolve(answer)
        else reject(new KafkaError(`no answer for ${batch.topic} ${batch.partition}`, { kind: 'protocol' }))
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}
