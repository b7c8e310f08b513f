import type { Adapter } from '@sluice/core/spi'
import { measureFlow } from '../../../broker/measure-flow.js'
import type { SluiceFlowOptions } from '../../../broker/sluice-flow.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { nodeOf } from '../node/asked-node.js'

export type RabbitFlow = Omit<SluiceFlowOptions, 'adapter'>

export function measureRabbitFlow(options: RabbitFlow, task: MeasureTask): Promise<Sample> {
  const node = nodeOf(task)
  return measureFlow(node, { ...options, adapter: rabbitAdapter(node.url) }, task)
}

/** Loaded where it is measured, and nowhere else. */
export const rabbitAdapter = (url: string) => async (): Promise<Adapter> => {
  const { rabbitmq } = await import('@sluice/adapter-rabbitmq')
  return rabbitmq({ url })
}
