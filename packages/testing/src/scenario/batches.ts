import type { BatchHandler, Delivery, Message } from '@sluice/core'
import type { HandlerOutcome } from '../history/event.js'
import type { Recorder } from '../history/recorder.js'
import { watchSettling } from './consuming.js'
import { keyText } from './item.js'

/** One member of one call of a batch handler. */
export interface BatchMember<M extends Message> {
  readonly id: string
  readonly message: M
  readonly attempt: number
  outcome: HandlerOutcome | 'running'
}

/** One call of a batch handler. Times are monotonic milliseconds. */
export interface BatchCall<M extends Message> {
  readonly members: readonly BatchMember<M>[]
  readonly startedMs: number
  endedMs: number | undefined
  threw: boolean
}

export interface BatchRecording<M extends Message> {
  readonly handler: BatchHandler<M>
  /** In the order of their starts. */
  readonly calls: readonly BatchCall<M>[]
}

/** A batch handler that records every member as a run of one batch. Numbers of batches are unique per recording; one instance needs one. */
export function recordBatches<M extends Message>(
  recorder: Recorder,
  instance: string,
  group: string,
  body: (deliveries: readonly Delivery<M>[], call: BatchCall<M>) => unknown,
): BatchRecording<M> {
  const calls: BatchCall<M>[] = []
  return {
    calls,
    async handler(deliveries) {
      const batch = calls.length
      const opened = deliveries.map((delivery) => open(delivery, batch))
      const call: BatchCall<M> = {
        members: opened.map(({ member }) => member),
        startedMs: performance.now(),
        endedMs: undefined,
        threw: false,
      }
      calls.push(call)
      try {
        await body(
          opened.map(({ witness }) => witness.delivery),
          call,
        )
      } catch (error) {
        call.threw = true
        throw error
      } finally {
        call.endedMs = performance.now()
        for (const { member, row, witness } of opened) {
          member.outcome = witness.settledAs() ?? (call.threw ? 'failed' : 'ok')
          recorder.handlerEnded(row, member.outcome)
        }
      }
    },
  }

  function open(delivery: Delivery<M>, batch: number): Opened<M> {
    const { message, attempt, partition } = delivery
    const { id, topic } = message
    const row = recorder.handlerStarted({
      ...{ topic, id, group, instance, attempt, partition, batch },
      key: keyText(message.key),
    })
    return { row, witness: watchSettling(delivery), member: { id, message, attempt, outcome: 'running' } }
  }
}

interface Opened<M extends Message> {
  readonly row: number
  readonly member: BatchMember<M>
  readonly witness: ReturnType<typeof watchSettling<M>>
}
