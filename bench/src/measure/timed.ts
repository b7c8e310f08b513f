import type { Sample } from '../sample.js'

export type Timing = Pick<Sample, 'messagesPerSecond' | 'cpuMicros'>

/** Runs the work once and says what each of its messages took. */
export async function timed(messages: number, work: (messages: number) => Promise<void>): Promise<Timing> {
  const cpuAtStart = process.cpuUsage()
  const startedAt = performance.now()
  await work(messages)
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuAtStart)
  return { messagesPerSecond: messages / seconds, cpuMicros: (user + system) / messages }
}
