import { measureFlow } from '../../../broker/measure-flow.js'
import type { SluiceFlowOptions } from '../../../broker/sluice-flow.js'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { kafkaOf } from '../node/asked-kafka.js'

export type KafkaFlow = Omit<SluiceFlowOptions, 'adapter'>

export function measureKafkaFlow(options: KafkaFlow, task: MeasureTask): Promise<Sample> {
  const node = kafkaOf(task)
  const adapter: SluiceFlowOptions['adapter'] = async () => {
    const { kafka } = await import('@sluice/adapter-kafka')
    return kafka({ url: node.url, replicationFactor: 1 })
  }
  return measureFlow(node, { ...options, adapter }, task)
}
