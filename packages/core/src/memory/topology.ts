import { adapterError } from '../spi/adapter-error.js'
import type { GroupSpec, ProvisionMode, TopicSpec, Topology, TopologyItem, TopologyReport } from '../spi/topology.js'
import type { Broker } from './broker.js'
import type { Topic } from './topic.js'

/** Compares what should exist with what does, and creates what is missing where the mode says so. Nothing is altered. */
export function applyTopology(broker: Broker, topology: Topology, mode: ProvisionMode): TopologyReport {
  return { items: topology.topics.flatMap((spec) => applyTopic(broker, spec, mode === 'declare')) }
}

function applyTopic(broker: Broker, spec: TopicSpec, declare: boolean): TopologyItem[] {
  const entity = `topic ${spec.name}`
  let topic = broker.topics.get(spec.name)
  const items: TopologyItem[] = []
  if (topic === undefined) {
    const wanted = shape(spec.keyed, spec.partitions ?? broker.partitionsFor(spec.keyed))
    if (declare) topic = broker.createTopic(spec.name, spec.keyed, spec.partitions)
    items.push({ entity, state: declare ? 'created' : 'missing', wanted })
  } else {
    items.push(compareTopic(entity, spec, topic))
  }
  // Nobody could use a group that is made for a topic other than the one that exists, and it would fill up.
  const make = declare && items.every(({ state }) => state !== 'differs')
  return [...items, ...spec.groups.map((group) => applyGroup(broker, spec.name, topic, group, make))]
}

function compareTopic(entity: string, spec: TopicSpec, topic: Topic): TopologyItem {
  const wanted = shape(spec.keyed, spec.partitions ?? topic.partitions)
  const found = shape(topic.keyed, topic.partitions)
  return { entity, state: wanted === found ? 'present' : 'differs', wanted, found }
}

function applyGroup(
  broker: Broker,
  topicName: string,
  topic: Topic | undefined,
  spec: GroupSpec,
  declare: boolean,
): TopologyItem {
  const entity = `group ${topicName}.${spec.name}`
  const group = topic?.groups.get(spec.name)
  if (group !== undefined) {
    // A consumer that asks for no order is served by either kind.
    if (spec.order === 'none' || group.exclusive) return { entity, state: 'present' }
    return { entity, state: 'differs', wanted: 'order key', found: 'order none' }
  }
  checkStart(broker, spec.from)
  if (topic === undefined || !declare) return { entity, state: 'missing', wanted: `order ${spec.order}` }
  topic.createGroup(spec.name, spec.order, spec.from)
  return { entity, state: 'created', wanted: `order ${spec.order}` }
}

/** @throws AdapterError UNSUPPORTED */
export function checkStart(broker: Broker, from: 'creation' | 'earliest'): void {
  if (from === 'creation' || broker.log) return
  throw adapterError(
    'UNSUPPORTED',
    `a ${broker.like} keeps nothing that a new group could replay: start at "creation"`,
    {
      scope: 'group',
    },
  )
}

const shape = (keyed: boolean, partitions: number): string =>
  `${partitions} ${partitions === 1 ? 'partition' : 'partitions'} ${keyed ? 'with' : 'without'} keys`
