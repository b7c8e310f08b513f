import type { RetryPolicy } from '@sluice/core'
import { timedRepeatedly } from '../../measure/passes.js'
import type { Sample } from '../../sample.js'
import type { MeasureTask } from '../../suite.js'
import type { Order } from './order.js'
import { openPipeline, type Like } from './pipeline.js'
import { headline } from './pipeline-cases.js'
import { until } from '../../measure/until.js'

/** Messages that never succeed, each with a key of its own. */
const failing = 10_000
/**
 * All of them have to fit, on 8 partitions 1,250 each and by chance a few more; beside them the healthy ones have the 1,000 that
 * they would have by default.
 */
const window = { messages: 2_500 }
const passes = 2

/** As the default policy after its first failures: held nearly all of the time, but all together some 600 of them come again each second. */
const patient: RetryPolicy = {
  name: 'patient',
  placement: 'in-place',
  decide: () => ({ kind: 'retry', delayMs: Math.random() * 30_000 }),
}

/** `keptShare` is the rate of the healthy messages beside the failing ones over their rate alone, before these came. */
export async function measureFailingKeys(like: Like, { messages }: MeasureTask): Promise<Sample> {
  const pipeline = await openPipeline(like, {
    ...headline,
    work: failIfNegative,
    // Between two passes nothing but failures come, and then the breaker would be right to open.
    subscribe: () => ({ concurrency: 100, window, retry: patient, breaker: false }),
  })
  const { messaging, subscription, topic } = pipeline
  await pipeline.pass(messages)
  const alone = await timedRepeatedly(passes, messages, pipeline.pass)

  await Promise.all(Array.from({ length: failing }, (_, index) => messaging.publish(topic, failingOrder(index))))
  await until(() => subscription.stats().held === failing)
  await pipeline.pass(messages)
  const beside = await timedRepeatedly(passes, messages, pipeline.pass)
  const stats = subscription.stats()
  const open = stats.held + stats.waiting + stats.running
  if (open !== failing) throw new Error(`${failing} failing messages should be open, ${open} are`)
  await pipeline.close()
  return {
    ...beside,
    figures: {
      keptShare: beside.messagesPerSecond / alone.messagesPerSecond,
      keptCpuShare: alone.cpuMicros / beside.cpuMicros,
      heldMessages: stats.held,
    },
  }
}

function failIfNegative({ id }: Order): undefined {
  if (id < 0) throw new Error('this order can never be handled')
}

const failingOrder = (index: number): Order => ({
  id: -1 - index,
  customer: `failing-${index}`,
  amount: 12.5,
  items: ['a', 'b'],
})
