import { countAllocations } from '../measure/allocations.js'
import { collectGarbage } from '../measure/reachable-bytes.js'
import type { Sample } from '../sample.js'
import { mean } from '../statistics.js'
import type { MeasureTask } from '../suite.js'
import { processCpuMicros } from './process-cpu.js'

/** The process of a broker. */
export interface ObservedNode {
  readonly pid: number
}

/** One pass: what is prepared and looked at afterwards is not timed. */
export interface Pass {
  /** Does the work; calls `begin` where its time begins, and resolves where it ends. */
  readonly work: (begin: () => void) => Promise<void>
  /** Proves that the work was done, and leaves nothing behind. */
  readonly conclude: () => Promise<void>
}

/** Opens a pass on queues of its own, which its number names. */
export type OpenPass = (number: number) => Promise<Pass>

const timedPasses = 2

/** One pass to warm up, then those that count; beside the time of this process that of the broker's. */
export async function measureNodePasses(node: ObservedNode, task: MeasureTask, open: OpenPass): Promise<Sample> {
  const timings: PassTiming[] = []
  for (let number = 0; number <= timedPasses; number += 1) timings.push(await timePass(node, await open(number)))
  const counted = timings.slice(1)
  const brokerMicros = counted.flatMap((timing) => timing.brokerMicros ?? [])
  const { messages } = task
  return {
    messagesPerSecond: mean(counted.map(({ seconds }) => messages / seconds)),
    cpuMicros: mean(counted.map(({ micros }) => micros / messages)),
    ...(task.allocations ? { bytesPerMessage: (await allocatedBy(await open(timedPasses + 1))) / messages } : {}),
    ...(brokerMicros.length === 0 ? {} : { figures: { brokerCpuMicros: mean(brokerMicros) / messages } }),
  }
}

interface PassTiming {
  readonly seconds: number
  readonly micros: number
  readonly brokerMicros: number | undefined
}

async function timePass(node: ObservedNode, { work, conclude }: Pass): Promise<PassTiming> {
  collectGarbage()
  let cpuAtStart = process.cpuUsage()
  let brokerAtStart: number | undefined = undefined
  let startedAt = 0
  await work(() => {
    brokerAtStart = processCpuMicros(node.pid)
    cpuAtStart = process.cpuUsage()
    startedAt = performance.now()
  })
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const brokerAtEnd = processCpuMicros(node.pid)
  await conclude()
  return { seconds, micros: user + system, brokerMicros: difference(brokerAtStart, brokerAtEnd) }
}

const difference = (from: number | undefined, to: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from

async function allocatedBy({ work, conclude }: Pass): Promise<number> {
  let stop = (): number => 0
  await work(() => void (stop = countAllocations()))
  const allocated = stop()
  await conclude()
  return allocated
}
