import type { GroupRef, SendResult } from '@sluice/core/spi'
import type { Due } from './delay-level.js'
import { levelOf } from './delay-levels.js'
import { withDelay } from './delayed-record.js'
import { delayTopicOf, retryTopicOf } from './names.js'
import type { Sender } from './send.js'
import { partitionKey } from './wire/partitions.js'
import type { TopicPartition } from './wire/port.js'
import type { KafkaRecord } from './wire/records/record.js'

/** Where one goes that is due, and as what. */
export interface Step {
  readonly due: Pick<Due, 'offset' | 'bytes' | 'record' | 'delay'>
  readonly to: TopicPartition
  readonly record: KafkaRecord
}

export interface StepsOptions {
  readonly group: GroupRef
  readonly sender: Pick<Sender, 'write'>
}

export interface Written {
  /** Those that are not certainly stored, in their order. */
  readonly unmoved: readonly Step[]
  /** Why. */
  readonly reason: string | undefined
}

/** Longest time of one step. A level stands while it lasts, and whoever lets go of it waits for it. */
export const WRITE_MS = 4_000

/** What a delayed message does when its time at a level has passed: it waits for the rest at another one, or goes to those who consume it. */
export class DelaySteps {
  readonly #options: StepsOptions

  constructor(options: StepsOptions) {
    this.#options = options
  }

  stepOf(due: Due, nowMs: number): Step {
    const { delay, record, storedMs } = due
    // Both are whole milliseconds, and were a part of one later: not to be early by that at each step.
    const leftMs = delay.leftMs - (Math.floor(nowMs - storedMs) - 1)
    if (leftMs > 0) return this.waitOnce(due, leftMs)
    return { due, record, to: { topic: retryTopicOf(this.#options.group), partition: delay.partition } }
  }

  waitOnce(due: Step['due'], leftMs: number): Step {
    const to = { topic: delayTopicOf(this.#options.group), partition: levelOf(leftMs) }
    return { due, record: withDelay(due.record, { ...due.delay, leftMs }), to }
  }

  async write(steps: readonly Step[]): Promise<Written> {
    const byTarget = new Map<string, Step[]>()
    for (const step of steps) {
      const key = partitionKey(step.to)
      const known = byTarget.get(key)
      if (known === undefined) byTarget.set(key, [step])
      else known.push(step)
    }
    const unmoved = new Set<Step>()
    let reason: string | undefined
    const each = [...byTarget.values()].map(async (own) => {
      const results = await this.#send(own)
      results.forEach((result, index) => {
        if (result.kind === 'stored') return
        unmoved.add(own[index] as Step)
        reason = result.error.text
      })
    })
    await Promise.all(each)
    return { unmoved: steps.filter((step) => unmoved.has(step)), reason }
  }

  /** All go to the same partition. */
  #send(steps: readonly Step[]): Promise<readonly SendResult[]> {
    const { sender, group } = this.#options
    const [{ to }] = steps as readonly [Step]
    return new Promise((resolve) => {
      const results: SendResult[] = []
      let left = steps.length
      sender.write(to, group.topic, {
        count: steps.length,
        bytes: steps.reduce((sum, { due }) => sum + due.bytes, 0),
        timeoutMs: WRITE_MS,
        records: () => steps.map(({ record }) => record),
        report: (index, result) => {
          results[index] = result
          left -= 1
          if (left === 0) resolve(results)
        },
      })
    })
  }
}
