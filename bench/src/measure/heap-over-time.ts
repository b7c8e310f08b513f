import type { Sample } from '../sample.js'
import { mean, spreadOf } from '../statistics.js'
import type { MeasureTask } from '../suite.js'
import type { Running } from './passes.js'
import { megabytes, reachableBytes } from './reachable-bytes.js'
import { timed, type Timing } from './timed.js'

/** How often the heap is looked at. */
const looks = 20

/**
 * Runs all messages through one process and looks at what is reachable every twentieth part, at rest; the collections for that are
 * not in the times. A tenth of the messages goes ahead to warm up. `heapSwingMB` is the largest distance from the median.
 */
export async function measureHeapOverTime(open: () => Promise<Running>, { messages }: MeasureTask): Promise<Sample> {
  const running = await open()
  await running.pass(Math.ceil(messages / 10))
  const timings: Timing[] = []
  const heapMB: number[] = []
  for (let look = 0; look < looks; look++) {
    timings.push(await timed(Math.ceil(messages / looks), running.pass))
    heapMB.push(megabytes(reachableBytes()))
  }
  await running.close()
  const { median, min, max } = spreadOf(heapMB)
  return {
    // Of all messages together: parts of equal length, so that the times are what has to be averaged.
    messagesPerSecond: 1 / mean(timings.map(({ messagesPerSecond }) => 1 / messagesPerSecond)),
    cpuMicros: mean(timings.map(({ cpuMicros }) => cpuMicros)),
    figures: {
      heapSwingMB: Math.max(max - median, median - min),
      heapMedianMB: median,
      peakResidentMB: megabytes(process.resourceUsage().maxRSS * 1024),
    },
    series: { heapMB },
  }
}
