import type { Client } from './clients.js'
import type { Lateness } from './lateness.js'

/** What happened to the clients of a test beside what the test did to them: shown with a failure, because it often explains it. */
export interface Disturbances {
  watch(name: string, client: Client): void
  /** Ends the watch. Resolves with one line for each. */
  end(): readonly string[]
}

/** Stalls that are no news. */
const usualMs = 200
const mostLines = 20

export function watchDisturbances(lateness: Lateness): Disturbances {
  const began = performance.now()
  const lines: string[] = []
  let more = 0
  return {
    watch(name, client) {
      client.on('connection', ({ side, state, cause }) => {
        if (lines.length >= mostLines) more += 1
        else {
          const why = cause === undefined ? '' : `: ${cause.message}`
          lines.push(`${Math.round(performance.now() - began)} ms: ${name} ${side} ${state}${why}`)
        }
      })
    },
    end() {
      const worstMs = Math.round(lateness.worstMs())
      return [
        ...lines,
        ...(more === 0 ? [] : [`and ${more} more`]),
        ...(worstMs < usualMs ? [] : [`the process stood still for ${worstMs} ms`]),
      ]
    },
  }
}
