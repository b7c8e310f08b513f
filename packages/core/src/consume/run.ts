import type { Emitter } from '../model/emitter.js'
import type { Tracer } from '../model/trace.js'
import type { Consumer } from '../spi/consuming.js'
import type { GroupRef } from '../spi/sending.js'
import { BatchCall } from './batch-call.js'
import { Calling } from './calling.js'
import type { Decoder } from './decode.js'
import type { Dedupe } from './dedupe.js'
import { Ending } from './ending.js'
import type { Invoke } from './invoke.js'
import { Preparer } from './prepare.js'
import type { Scheduler, Start } from './scheduler.js'
import type { Settlement } from './settlement.js'
import { SingleCalls } from './single-calls.js'
import type { Timing } from './timing.js'

export interface RunContext {
  readonly ref: GroupRef
  readonly decode: Decoder
  readonly invoke: Invoke
  readonly dedupe: Dedupe | undefined
  readonly tracer: Tracer | undefined
  readonly settlement: Settlement
  readonly scheduler: () => Scheduler
  readonly consumer: () => Consumer
  readonly timing: Timing
  readonly emitter: Emitter
  readonly handlerTimeoutMs: number | undefined
}

/** Takes works from decoding to the end of the handler, and hands each with its outcome to the settlement. */
export function createRunner(context: RunContext): Start {
  const { invoke, settlement, scheduler } = context
  const preparer = new Preparer(context)
  const calling = new Calling(context)
  const ending = new Ending(context)
  const parts = { group: context.ref.group, calling, ending, scheduler }
  if (!invoke.batch) {
    const calls = new SingleCalls({ ...parts, invoke: invoke.call })
    return (work) => preparer.prepare(work, calls)
  }
  const batch = { ...parts, settlement, invoke: invoke.call }
  return (first, others) => {
    const works = [first, ...others]
    const call = new BatchCall(batch, works)
    for (const work of works) preparer.prepare(work, call)
  }
}
