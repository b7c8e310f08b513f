import type { Sample } from '../sample.js'
import type { MeasureTask } from '../suite.js'
import { measureNodePasses, type ObservedNode } from './node-passes.js'
import { openSluiceFlow, type SluiceFlowOptions } from './sluice-flow.js'

/** From the first publish to the last acknowledgement, in a process that publishes and consumes. */
export async function measureFlow(node: ObservedNode, options: SluiceFlowOptions, task: MeasureTask): Promise<Sample> {
  const flow = await openSluiceFlow(options)
  const sample = await measureNodePasses(node, task, async () => ({
    work: (begin) => {
      begin()
      return flow.pass(task.messages)
    },
    conclude: () => Promise.resolve(),
  }))
  await flow.close()
  return { ...sample, figures: { ...sample.figures, balancedMs: flow.balancedMs } }
}
