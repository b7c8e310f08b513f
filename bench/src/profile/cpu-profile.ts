/** The parts of a `.cpuprofile` file that are read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Which node was on top at each sample. */
  readonly samples: readonly number[]
  /** Time since the sample before, in µs. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
}

export interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** From 0. */
  readonly lineNumber: number
}

/** Time that was spent in one function itself, or in one file. */
export interface SelfTime {
  readonly name: string
  readonly micros: number
  /** Of all time in which the process was not idle. */
  readonly share: number
}

/** What stands for nothing that could be made faster. */
const idle = new Set(['(idle)', '(root)'])

/** Self times by what `nameOf` makes of a frame, the longest first. */
export function selfTimes(
  { nodes, samples, timeDeltas }: CpuProfile,
  nameOf: (frame: CallFrame) => string,
): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const byName = new Map<string, number>()
  let total = 0
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id)
    if (frame === undefined || idle.has(frame.functionName)) continue
    const micros = timeDeltas[index] ?? 0
    const name = nameOf(frame)
    byName.set(name, (byName.get(name) ?? 0) + micros)
    total += micros
  }
  return [...byName]
    .map(([name, micros]) => ({ name, micros, share: micros / total }))
    .toSorted((a, b) => b.micros - a.micros)
}
