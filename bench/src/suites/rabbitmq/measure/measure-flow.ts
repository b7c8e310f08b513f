import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { nodeOf } from '../node/asked-node.js'
import { measureNodePasses } from '../../../broker/node-passes.js'
import { openSluiceFlow, type SluiceFlowOptions } from './sluice-flow.js'

/** From the first publish to the last acknowledgement, in a process that publishes and consumes. */
export async function measureFlow(options: Omit<SluiceFlowOptions, 'url'>, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  const flow = await openSluiceFlow({ ...options, url: node.url })
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
