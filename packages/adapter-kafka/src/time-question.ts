import { type Backoff, exponentialBackoff, type GroupRef, type Logger, sleep, type TimerHeap } from '@sluice/core/spi'
import type { BrokerTime } from './broker-time.js'
import { WRITE_MS } from './delay-steps.js'
import { timeMark } from './delayed-record.js'
import { delayTopicOf } from './names.js'
import type { Sender } from './send.js'
import type { TopicPartition } from './wire/port.js'
import type { KafkaRecord } from './wire/records/record.js'

export interface TimeQuestionOptions {
  readonly timers: TimerHeap
  readonly log: Logger
  readonly group: GroupRef
  readonly sender: Pick<Sender, 'write'>
  readonly time: BrokerTime
}

const backoff: Backoff = exponentialBackoff({ fromMs: 50, toMs: 5_000 })

/** Asks the broker what time it is, once for all who want to know. The answer to anything that is stored says it. */
export class TimeQuestion {
  readonly #options: TimeQuestionOptions
  #asking: Promise<unknown> | undefined

  constructor(options: TimeQuestionOptions) {
    this.#options = options
  }

  /** Resolves when the time is known, or nobody wants to know any more. */
  async ask(over: AbortSignal): Promise<void> {
    const { timers, time, group, log } = this.#options
    // At the lowest level a mark stands behind nothing for long.
    const to = { topic: delayTopicOf(group), partition: 0 }
    for (let failures = 0; !time.isFresh && !over.aborted; failures += 1) {
      if (failures > 0) {
        log.warn('kafka: what time it is at the broker cannot be found out yet, and nothing that is delayed moves', to)
        await sleep(timers, backoff(failures), over)
      }
      this.#asking ??= this.#mark(to).finally(() => {
        this.#asking = undefined
      })
      await this.#asking
    }
  }

  #mark(to: TopicPartition): Promise<void> {
    const { sender, group } = this.#options
    return new Promise((resolve) => {
      const records = (): readonly KafkaRecord[] => [timeMark]
      sender.write(to, group.topic, { count: 1, bytes: 0, timeoutMs: WRITE_MS, records, report: () => resolve() })
    })
  }
}
