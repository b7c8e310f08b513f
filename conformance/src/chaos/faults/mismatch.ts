import { isSluiceError } from '@sluice/core'
import { machineTime } from '../clock.js'
import type { FaultKind, Scene } from '../target.js'
import { mistakenOrders, orderedGroup } from '../topics.js'

const starts = 5
const pauseMs = 200

/** F18: a service that is mistaken about the partitions of the topic is started again and again. It is refused, and nobody else notices. */
export const mismatch: FaultKind = {
  id: 'F18',
  title: 'topology mismatch',
  expectedMs: 2_000,
  weight: 3,
  async run(scene) {
    for (let start = 0; start < starts; start++) {
      const messaging = await scene.another()
      try {
        const load = { at: machineTime(), key: 'mistaken' }
        await expectMismatch('publish', messaging.publish(mistakenOrders, load), scene)
        const subscribed = messaging.subscribe(mistakenOrders, { group: orderedGroup }, () => undefined)
        await expectMismatch('subscribe', subscribed, scene)
      } finally {
        await messaging.close()
      }
      await scene.crew.until(() => false, pauseMs)
    }
    return `a service with another number of partitions started ${starts} times`
  },
}

async function expectMismatch(what: string, result: Promise<unknown>, { problem }: Scene): Promise<void> {
  const ending = await result.then(
    () => 'it was let through',
    (error: unknown) => (isSluiceError(error) ? error.code : 'it was refused without a code'),
  )
  if (ending !== 'TOPOLOGY_MISMATCH') problem(`${what} with another number of partitions: ${ending}`)
}
