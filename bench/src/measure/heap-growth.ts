import type { Sample } from '../sample.js'
import type { MeasureTask } from '../suite.js'
import type { Running } from './passes.js'
import { megabytes, reachableBytes } from './reachable-bytes.js'
import { timed } from './timed.js'

/** What is reachable more after the messages than before them; a tenth as many go ahead to warm up. */
export async function measureHeapGrowth(open: () => Promise<Running>, { messages }: MeasureTask): Promise<Sample> {
  const running = await open()
  await running.pass(Math.ceil(messages / 10))
  const before = reachableBytes()
  const timing = await timed(messages, running.pass)
  const heapGrowthMB = megabytes(reachableBytes() - before)
  await running.close()
  return { ...timing, figures: { heapGrowthMB } }
}
