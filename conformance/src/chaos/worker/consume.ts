import { setTimeout as delay } from 'node:timers/promises'
import type { AnyTopic, Delivery, Message, Messaging } from '@sluice/core'
import type { ConsumerRole } from '../crew/protocol.js'
import type { HistoryFile } from '../history/history-file.js'
import { orderedGroup, orders, retryPolicy, side, sideGroup, unorderedGroup, type Load } from '../topics.js'
import type { Progress } from './progress.js'

const poisoned = new Error('this message cannot be handled')

/** Consumes every group of chaos. Each run is written down before it begins and before it ends. */
export async function consume(
  messaging: Messaging,
  { concurrency }: ConsumerRole,
  file: HistoryFile,
  progress: Progress,
): Promise<void> {
  const handler =
    (topic: AnyTopic, group: string) =>
    async ({ id, payload }: Message<Load>, { attempt, partition }: Delivery): Promise<void> => {
      const run = file.started({ topic: topic.name, group, id, key: payload.key, attempt, partition })
      progress.count('runs')
      progress.reached(group, payload.at)
      await delay(workMs())
      const fails = payload.poison === true && group === orderedGroup
      file.ended(run, fails ? 'failed' : 'ok')
      progress.count('ends')
      if (fails) throw poisoned
    }
  const common = { concurrency, retry: retryPolicy } as const
  await Promise.all([
    messaging.subscribe(orders, { ...common, group: orderedGroup }, handler(orders, orderedGroup)),
    messaging.subscribe(orders, { ...common, group: unorderedGroup, order: 'none' }, handler(orders, unorderedGroup)),
    messaging.subscribe(side, { ...common, group: sideGroup }, handler(side, sideGroup)),
  ])
}

/** Most are quick, a few take long: what is open at a fault has then begun at different times. */
function workMs(): number {
  return Math.random() < 0.02 ? 40 : Math.random() * 4
}
