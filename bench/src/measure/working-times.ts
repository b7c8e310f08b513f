import { setTimeout as sleep } from 'node:timers/promises'

const longestMs = 5

/** Handlers that take 0 to 5 ms, the message of each place always the same: what the processor does meanwhile is somebody else's. */
export function workOf(messages: number): (place: number) => Promise<unknown> {
  const times = workingTimes(messages)
  return (place) => sleep(times[place] ?? 0)
}

/** The same numbers in every run, so that the longest chain of a key has always the same length. */
function workingTimes(count: number): Float64Array {
  let state = 0x9e3779b9
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 32) * longestMs
  })
}
