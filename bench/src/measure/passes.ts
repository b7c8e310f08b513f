import type { Sample } from '../sample.js'
import { mean } from '../statistics.js'
import type { MeasureTask } from '../suite.js'
import { countAllocations } from './allocations.js'
import { timed, type Timing } from './timed.js'

/** What can do the same work again and again. */
export interface Running {
  /** Resolves when this many messages have been published, handled and settled. */
  readonly pass: (messages: number) => Promise<void>
  readonly close: () => Promise<void>
}

const timedPasses = 2

/** One pass to warm up, then those that count; like the rounds of `floor.mjs`. */
export async function measurePasses(open: () => Promise<Running>, task: MeasureTask): Promise<Sample> {
  const running = await open()
  await running.pass(task.messages)
  const timing = await timedRepeatedly(timedPasses, task.messages, running.pass)
  const allocations = task.allocations ? await allocationsOf(running, task.messages) : {}
  await running.close()
  return { ...timing, ...allocations }
}

async function allocationsOf({ pass }: Running, messages: number): Promise<Pick<Sample, 'bytesPerMessage'>> {
  const stop = countAllocations()
  await pass(messages)
  return { bytesPerMessage: stop() / messages }
}

/** The mean of several passes of the same length. */
export async function timedRepeatedly(passes: number, messages: number, pass: Running['pass']): Promise<Timing> {
  const timings: Timing[] = []
  for (let done = 0; done < passes; done++) timings.push(await timed(messages, pass))
  return {
    messagesPerSecond: mean(timings.map(({ messagesPerSecond }) => messagesPerSecond)),
    cpuMicros: mean(timings.map(({ cpuMicros }) => cpuMicros)),
  }
}
