/** Waits for all of them, also when one has failed: nothing may still be starting when the rest is ended. */
export async function allOf(starts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(starts)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
