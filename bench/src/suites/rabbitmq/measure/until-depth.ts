import { setTimeout as delay } from 'node:timers/promises'
import type { AskedNode } from '../node/asked-node.js'
import type { QueueDepth } from '../node/node-control.js'

const limitMs = 15_000

/** Resolves when the queue has so many messages; what has just been settled or returned counts a moment later. @throws Error when it never has */
export async function untilDepth(node: AskedNode, queue: string, wanted: QueueDepth): Promise<void> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const { ready, unacked } = await node.depthOf(queue)
    if (ready === wanted.ready && unacked === wanted.unacked) return
    if (performance.now() > deadline) {
      const want = `${wanted.ready} messages and ${wanted.unacked} handed out`
      throw new Error(`queue ${queue} should have ${want}, it has ${ready} and ${unacked}`)
    }
    await delay(100)
  }
}
