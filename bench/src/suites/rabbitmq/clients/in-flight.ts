/** Makes so many calls, from 0, and keeps `window` of them going. Rejects with the first that does. */
export async function keepInFlight(
  window: number,
  calls: number,
  call: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < calls) await call(next++)
  }
  await Promise.all(Array.from({ length: Math.min(window, calls) }, work))
}
