import { memoryIdempotency, perSecond } from '@sluice/core'
import { measurePasses } from '../../measure/passes.js'
import type { Bound, Case } from '../../suite.js'
import { onBoth } from './on-both.js'
import { openPipeline, type PipelineOptions } from './pipeline.js'

const keyed: PipelineOptions = {
  topic: { keyed: true },
  publish: 'awaited',
  handle: 'single',
  subscribe: () => ({ concurrency: 100 }),
}
const unkeyed: PipelineOptions = { ...keyed, topic: { keyed: false } }
const batches = { publish: 'batch', handle: 'batch' } as const
const serial = { subscribe: () => ({ concurrency: 1 }) }

/** The shape for which the target of the whole of core is given. */
export const headline: PipelineOptions = keyed

/** As many as `floor.mjs` takes by itself: until the compiler has settled, the larger program is slower than it will be. */
const settledLength = { full: 1_000_000, quick: 20_000 }

/** What one message costs from `publish` to its settlement, in the forms in which applications use it. */
export const pipelineCases: readonly Case[] = [
  {
    ...pipelineCase('keyed', '1,000 keys, concurrency 100', keyed, [{ figure: 'ratio', atLeast: 0.45 }]),
    messages: settledLength,
  },
  pipelineCase('keyed-serial', '1,000 keys, concurrency 1', { ...keyed, ...serial }),
  pipelineCase('unkeyed', 'no keys, concurrency 100', unkeyed),
  pipelineCase('unkeyed-serial', 'no keys, concurrency 1', { ...unkeyed, ...serial }),
  {
    ...pipelineCase(
      'unkeyed-batches',
      'no keys, publishBatch of 256, subscribeBatch of up to 256',
      { ...unkeyed, ...batches, subscribe: () => ({ concurrency: 4, maxSize: 256, window: { messages: 1_024 } }) },
      [{ figure: 'ratio', atLeast: 0.6 }],
    ),
    messages: settledLength,
  },
  pipelineCase('keyed-batches', '1,000 keys, publishBatch of 256, subscribeBatch of up to 256', {
    ...keyed,
    ...batches,
    subscribe: () => ({ concurrency: 4, maxSize: 256 }),
  }),
  pipelineCase('schema', '1,000 keys, concurrency 100, zod when published and when handled', {
    ...keyed,
    topic: { keyed: true, schema: true },
  }),
  pipelineCase('idempotency', '1,000 keys, concurrency 100, memoryIdempotency', {
    ...keyed,
    subscribe: () => ({ concurrency: 100, idempotency: memoryIdempotency() }),
  }),
  pipelineCase('limiter', '1,000 keys, concurrency 100, perSecond far above the rate', {
    ...keyed,
    subscribe: () => ({ concurrency: 100, rateLimit: perSecond(100_000_000) }),
  }),
  pipelineCase('unawaited', '1,000 keys, concurrency 100, publishes that nothing awaits', {
    ...keyed,
    publish: 'unawaited',
  }),
]

function pipelineCase(name: string, title: string, options: PipelineOptions, bounds: readonly Bound[] = []): Case {
  const subjects = onBoth((like, task) => measurePasses(() => openPipeline(like, options), task))
  return { name, title, subjects, baseline: { case: 'floor', subject: 'floor' }, bounds }
}
