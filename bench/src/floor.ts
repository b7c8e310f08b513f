import type { Sample } from './sample.js'
import { mean } from './statistics.js'
import type { Case } from './suite.js'

/**
 * The least that a message costs on this machine: a loop without any promise of Sluice's that encodes, queues, decodes and calls
 * a handler (`floor.mjs`, which is never changed).
 */
export const floorCase: Case = {
  name: 'floor',
  title: 'the bare loop of floor.mjs: encode, queue, decode, call',
  subjects: [
    {
      name: 'floor',
      work: {
        kind: 'program',
        file: 'floor.mjs',
        args: (messages) => [String(messages)],
        handles: (messages) => rounds * messages,
        read: readFloor,
      },
    },
  ],
}

/** Of each of its runs. */
const rounds = 3
const linePattern = /^([0-9.]+) us\/msg ([0-9]+) \/s$/

/** The first of its rounds warms up, as the first pass of every other subject does. */
function readFloor(output: string): Sample {
  const found = output
    .trim()
    .split('\n')
    .map((line) => {
      const [, micros, rate] = linePattern.exec(line.trim()) ?? []
      if (micros === undefined || rate === undefined)
        throw new Error(`floor.mjs printed what is not understood: ${line}`)
      return { micros: Number(micros), rate: Number(rate) }
    })
  if (found.length !== rounds) throw new Error(`floor.mjs should print ${rounds} rounds, it printed ${found.length}`)
  const counted = found.slice(1)
  return {
    messagesPerSecond: mean(counted.map(({ rate }) => rate)),
    cpuMicros: mean(counted.map(({ micros }) => micros)),
  }
}
