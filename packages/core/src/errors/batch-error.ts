import { SluiceError } from './sluice-error.js'

/** One entry of a batch that was published. */
export type BatchResult<R> =
  { readonly status: 'stored'; readonly receipt: R } | { readonly status: 'failed'; readonly error: SluiceError }

/** At least one message of a batch was not stored; `results` has one entry per message, in the order of the batch. */
export class BatchError<R = unknown> extends SluiceError {
  override readonly name: string = 'BatchError'
  readonly results: readonly BatchResult<R>[]

  constructor(results: readonly BatchResult<R>[], topic: string) {
    const failed = results.flatMap((r) => (r.status === 'failed' ? [r.error] : []))
    const codes = [...new Set(failed.map((e) => e.code))].join(', ')
    super('BATCH_FAILED', `${failed.length} of ${results.length} messages were not stored (${codes})`, {
      topic,
      cause: failed[0],
    })
    this.results = results
  }
}
