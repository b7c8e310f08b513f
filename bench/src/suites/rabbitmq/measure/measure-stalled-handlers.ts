import { waitFor } from '../../../measure/wait-for.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { nodeOf } from '../node/asked-node.js'
import { MemoryWatch } from './memory-watch.js'
import { openSluiceFlow } from '../../../broker/sluice-flow.js'
import { rabbitAdapter } from './rabbit-flow.js'

/** Handlers that do not end while a backlog grows behind them: keys, 8 partitions, windows as they are by default. */
export async function measureStalledHandlers(task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  let stalled: Promise<void> = Promise.resolve()
  const flow = await openSluiceFlow({
    ...{ adapter: rabbitAdapter(node.url), instances: 1, topics: 1, partitions: 8, customers: 1_000 },
    distance: Infinity,
    work: () => stalled,
  })
  await flow.pass(2_000)

  let release = (): void => {}
  stalled = new Promise((resolve) => (release = resolve))
  const watch = new MemoryWatch()
  watch.every(500)
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const passed = flow.pass(task.messages)
  await waitFor('everything is published', () => flow.published >= task.messages && flow.pendingPublishes === 0)
  watch.look()
  const heldMessages = flow.open
  release()
  await passed
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const memory = watch.stop()
  await flow.close()
  return {
    messagesPerSecond: task.messages / seconds,
    cpuMicros: (user + system) / task.messages,
    figures: { ...memory, heldMessages },
  }
}
