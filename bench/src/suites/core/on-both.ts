import type { Sample } from '../../sample.js'
import type { MeasureTask, Subject } from '../../suite.js'
import type { Like } from './pipeline.js'

/** The same work on both behaviours of the memory adapter. */
export function onBoth(measure: (like: Like, task: MeasureTask) => Promise<Sample>): readonly Subject[] {
  return (['queue', 'log'] as const).map((like) => ({
    name: like,
    work: { kind: 'module', measure: (task) => measure(like, task) },
  }))
}
