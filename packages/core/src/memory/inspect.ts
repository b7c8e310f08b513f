import type { Finding, Topology } from '../spi/topology.js'
import type { Broker } from './broker.js'

/** Memory keeps nothing beyond its process, and says so for each topic. */
export function inspectMemory(broker: Broker, topology: Topology): readonly Finding[] {
  return topology.topics.map(({ name }) => ({
    id: 'memory-not-durable',
    entity: `topic ${name}`,
    level: 'warning',
    found: `kept in the memory of this process (memory broker "${broker.name}")`,
    wanted: 'kept on disk by a broker',
  }))
}
