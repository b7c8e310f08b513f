import { type AdapterContext, exponentialBackoff, sleep, type TimerHeap, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import type { Reachability } from './reachability.js'
import type { KafkaCluster, KafkaDriver, KafkaTarget } from './wire/port.js'

export interface ConnectOptions {
  readonly driver: KafkaDriver
  readonly target: KafkaTarget
  readonly context: AdapterContext
  readonly timers: TimerHeap
  readonly reachability: Reachability
}

const backoff = exponentialBackoff({ fromMs: 100, toMs: 5_000 })

/**
 * Finds the cluster, as often as it takes.
 * @throws AdapterError at once what only a person can mend; else, when the signal aborts, why there is no connection
 */
export async function connectCluster(options: ConnectOptions, signal: AbortSignal): Promise<KafkaCluster> {
  const { driver, target, context, timers, reachability } = options
  for (let failures = 1; ; failures += 1) {
    reachability.connecting()
    const connecting = driver.connect(target, context.clock)
    try {
      return await within(connecting, signal)
    } catch (error) {
      // What comes when nobody waits for it any more.
      connecting.then(
        (cluster) => cluster.close(),
        () => undefined,
      )
      const trouble = toAdapterError(error, { connecting: true })
      reachability.lost(trouble)
      if (trouble.fatal) throw trouble
      if (!signal.aborted) await sleep(timers, backoff(failures), signal)
      if (signal.aborted) throw reachability.trouble ?? trouble
    }
  }
}
