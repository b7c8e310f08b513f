import type { GroupSpec, ProvisionMode, TopicSpec, TopologyItem, TopologyReport } from '@sluice/core/spi'
import { DelayQueues } from '../../src/delay-queues.js'
import type { Link } from '../../src/link.js'
import { createNames, type ExistingNames, type Names } from '../../src/names.js'
import { PartitionMarkers } from '../../src/partition-marker.js'
import { BrokerTopology } from '../../src/topology.js'
import { soon } from './real-broker.js'

export const window = { messages: 1_024, bytes: 8 * 1024 * 1024 }

export interface TopologyParts {
  readonly link: Link
  readonly names: Names
  readonly delays: DelayQueues
  readonly topology: BrokerTopology
  provision(mode: ProvisionMode, ...topics: TopicSpec[]): Promise<TopologyReport>
}

/** As in a process that has just started. */
export function topologyOn(link: Link, existing: ExistingNames = {}): TopologyParts {
  const names = createNames(existing)
  const delays = new DelayQueues(link)
  const topology = new BrokerTopology({ link, names, markers: new PartitionMarkers(link, names), delays, window })
  return { link, names, delays, topology, provision: (mode, ...topics) => topology.provision({ topics }, mode, soon()) }
}

export const keyed = (name: string, partitions?: number, ...groups: GroupSpec[]): TopicSpec => ({
  ...{ name, keyed: true, partitions, groups },
})
export const plain = (name: string, ...groups: GroupSpec[]): TopicSpec => ({
  ...{ name, keyed: false, partitions: undefined, groups },
})
export const ordered = (name: string): GroupSpec => ({ name, order: 'key', from: 'creation', durableDelays: false })
export const free = (name: string, durableDelays = false): GroupSpec => ({
  ...{ name, order: 'none', from: 'creation', durableDelays },
})
export const states = ({ items }: TopologyReport): TopologyItem['state'][] => items.map(({ state }) => state)
