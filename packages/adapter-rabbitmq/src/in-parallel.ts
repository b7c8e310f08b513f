/**
 * Runs `work` for every item, at most `limit` at once, begun in order; gives the results in the order of the items. After one has failed
 * nothing more is begun, and it rejects with that failure when what runs has ended.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  const rest = items.entries()
  let failed = false
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (failed) return
      try {
        results[index] = await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker)
  const failure = (await Promise.allSettled(workers)).find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results
}
