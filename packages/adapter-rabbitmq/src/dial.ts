import { type Clock, sleep } from '@sluice/core/spi'
import type { Hosts } from './hosts.js'

/** How to reach a broker that has several addresses. */
export interface DialOptions<H, L> {
  readonly hosts: Hosts<H>
  readonly connect: (host: H, timeoutMs: number, signal: AbortSignal) => Promise<L>
  /** Gets rid of a connection that nobody needs. */
  readonly discard: (line: L) => void
  readonly clock: Clock
  readonly timeoutMs: number
}

interface Reached<H, L> {
  readonly host: H
  readonly line: L
}

/** An attempt without an answer by then gets a quick one beside it. */
const PROBE_MS = 1_500

/**
 * One connection, to the current address or, when that is silent, to any. Rejects with the error of the current address, or when `signal` aborts.
 *
 * An attempt that began while the network was silent stays without an answer when the network is back, and would be waited for until its
 * timeout. So quick ones are made beside it, one after the other over all addresses: what is back is found soon, and what is only slow has
 * the whole timeout.
 */
export async function dial<H, L>(options: DialOptions<H, L>, signal: AbortSignal): Promise<L> {
  const { hosts, connect, discard, timeoutMs } = options
  const over = new AbortController()
  const stop = (): void => over.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const host = hosts.current
  const attempts = [connect(host, timeoutMs, over.signal).then((line) => ({ host, line })), probe(options, over.signal)]
  let winner: Reached<H, L> | undefined
  try {
    winner = await Promise.race(attempts)
    hosts.prefer(winner.host)
    return winner.line
  } finally {
    signal.removeEventListener('abort', stop)
    over.abort()
    for (const attempt of attempts) {
      attempt.then(
        ({ line }) => line !== winner?.line && discard(line),
        () => {},
      )
    }
  }
}

/** Ends with a connection, or with the signal. */
async function probe<H, L>({ hosts, connect, clock }: DialOptions<H, L>, signal: AbortSignal): Promise<Reached<H, L>> {
  for (let startMs = clock.monotonic(); ;) {
    await sleep(clock, startMs + PROBE_MS - clock.monotonic(), signal)
    signal.throwIfAborted()
    startMs = clock.monotonic()
    hosts.next()
    const host = hosts.current
    try {
      return { host, line: await connect(host, PROBE_MS, signal) }
    } catch {
      // The attempt that is waited for will say what is wrong.
    }
  }
}
