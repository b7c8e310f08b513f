import { setTimeout as delay } from 'node:timers/promises'
import type { AskedKafka } from '../node/asked-kafka.js'

const limitMs = 15_000

/** Resolves when the group has so much left; what has just been settled is stored a moment later. @throws Error when it never has */
export async function untilLeft(node: AskedKafka, topic: string, group: string, wanted: number): Promise<void> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const left = await node.left(topic, group)
    if (left === wanted) return
    if (performance.now() > deadline) throw new Error(`group ${group} should have ${wanted} left, it has ${left}`)
    await delay(100)
  }
}
