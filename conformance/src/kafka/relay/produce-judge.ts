import type { SendFate, SendTarget } from '../../relay/send-rules.js'
import { messageIdsIn } from '../protocol/message-ids.js'
import type { PartitionRecords } from '../protocol/produce.js'

/** What becomes of a batch. `refused` while it has several messages: one of them is meant, and a broker refuses all of a batch or nothing of it. */
export type BatchFate = SendFate | undefined

/** Whether a message is to be hit. Asked once for each attempt to have it stored. */
export type Judge = (messageId: string | undefined, target: SendTarget) => SendFate | undefined

/** A broker stores a batch or does not: what is meant for one message becomes of its batch. */
export class ProduceJudge {
  readonly #judge: Judge
  /** Refusals of messages that have not come alone yet, and who has been judged with them. */
  readonly #refusals = new Map<string, boolean>()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  fateOf({ topic, partition, records }: PartitionRecords): BatchFate {
    const target = targetOf(topic)
    const ids = messageIdsIn(records)
    let hit: SendFate | undefined
    let refused: SendFate | undefined
    for (const id of ids) {
      const key = `${topic}/${partition}/${id}`
      const known = id === undefined ? undefined : this.#refusals.get(key)
      const fate = known === undefined ? this.#judge(id, target) : undefined
      const isRefused = known ?? fate?.outcome === 'refused'
      if (isRefused) refused ??= { outcome: 'refused', behind: false }
      else hit ??= fate
      if (id !== undefined) this.#refusals.set(key, isRefused)
    }
    if (refused !== undefined) return refused
    // It goes on, or comes again as it is: whoever was judged is judged anew then.
    for (const id of ids) this.#refusals.delete(`${topic}/${partition}/${id}`)
    return hit
  }

  /** That it was refused alone has been told. */
  told({ topic, partition, records }: PartitionRecords): void {
    const [id, ...others] = messageIdsIn(records)
    if (others.length === 0) this.#refusals.delete(`${topic}/${partition}/${id}`)
  }
}

function targetOf(name: string): SendTarget {
  if (name.endsWith('.dlq')) return { to: 'dead-letter', name }
  return { to: name.endsWith('.retry') || name.endsWith('.delay') ? 'group' : 'topic', name }
}
