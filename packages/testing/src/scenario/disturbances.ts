import type { Client } from './clients.js'
import type { Lateness } from './lateness.js'

/**
 * What happened to the clients of a test beside what the test did to them, in the time of the history: shown with a failure, because it
 * often explains it.
 */
export interface Disturbances {
  watch(name: string, client: Client): void
  /** Ends the watch. Resolves with one line for each. */
  end(): readonly string[]
}

/** Stalls that are no news. */
const usualMs = 200
/** The last ones: what a test fails of has just happened. */
const mostLines = 200

export function watchDisturbances(lateness: Lateness): Disturbances {
  const lines: string[] = []
  let forgotten = 0
  const add = (line: string): void => {
    lines.push(`${performance.now().toFixed(0)} ms: ${line}`)
    if (lines.length <= mostLines) return
    lines.shift()
    forgotten++
  }
  return {
    watch(name, client) {
      client.on('connection', ({ side, state, cause }) => {
        add(`${name} ${side} ${state}${cause === undefined ? '' : `: ${cause.message}`}`)
      })
      client.on('claim', ({ topic, group, partition, state }) => {
        add(`${name} ${state} ${topic} ${group}/${partition}`)
      })
    },
    end() {
      const worstMs = Math.round(lateness.worstMs())
      return [
        ...(forgotten === 0 ? [] : [`${forgotten} earlier ones, and then`]),
        ...lines,
        ...(worstMs < usualMs ? [] : [`the process stood still for ${worstMs} ms`]),
      ]
    },
  }
}
