import { type Finding, type Topology, within } from '@sluice/core/spi'
import { toAdapterError } from './errors.js'
import { topicsOf } from './assign.js'
import { wholeFamily } from './family.js'
import { deadLetterTopicOf } from './names.js'
import type { KafkaCluster, TopicMetadata } from './wire/port.js'

const names = ['min.insync.replicas', 'unclean.leader.election.enable', 'cleanup.policy'] as const

/** Settings of the cluster on which it depends whether something is lost. Changes nothing. */
export async function inspectCluster(
  cluster: KafkaCluster,
  { topics }: Topology,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const wanted = topics.flatMap(({ name, groups }) => [
    name,
    ...groups.flatMap((group) => {
      const ref = { topic: name, group: group.name }
      return [...topicsOf(wholeFamily(ref, group.durableDelays)).slice(1), deadLetterTopicOf(ref)]
    }),
  ])
  if (wanted.length === 0) return []
  try {
    const found = await within(cluster.metadata(wanted), signal)
    const asked = found.map(({ topic }) => ({ kind: 'topic', name: topic, names }) as const)
    const configs = asked.length === 0 ? [] : await within(cluster.administration.configs(asked), signal)
    const configsOf = new Map(configs.map((one) => [one.name, one.configs]))
    return found.flatMap((one) => [...replicaFindings(one), ...configFindings(one, configsOf.get(one.topic))])
  } catch (error) {
    throw toAdapterError(error, { scope: 'topic' })
  }
}

const fewestReplicas = ({ partitions }: TopicMetadata): number =>
  Math.min(...partitions.map(({ replicas }) => replicas.length))

function replicaFindings(topic: TopicMetadata): readonly Finding[] {
  const entity = `topic ${topic.topic}`
  const replicas = fewestReplicas(topic)
  const findings: Finding[] = []
  if (replicas < 3) {
    const wanted = '3 replicas: with fewer, one node that is lost takes messages along or ends publishing'
    const level = replicas === 1 ? 'error' : 'warning'
    findings.push({ id: 'replicas', entity, level, found: `${replicas}`, wanted })
  }
  const behind = topic.partitions.filter(({ replicas: all, inSync }) => inSync.length < all.length)
  if (behind.length > 0) {
    const found = `partitions ${behind.map(({ partition }) => partition).join(', ')} have replicas that are behind`
    findings.push({ id: 'in-sync', entity, level: 'warning', found, wanted: 'all replicas in sync' })
  }
  return findings
}

function configFindings(
  topic: TopicMetadata,
  configs: Readonly<Record<string, string>> | undefined,
): readonly Finding[] {
  const entity = `topic ${topic.topic}`
  if (configs === undefined) {
    const found = 'its settings may not be read'
    return [{ id: 'topic-settings', entity, level: 'unknown', found, wanted: 'the right to describe its settings' }]
  }
  const findings: Finding[] = []
  const replicas = fewestReplicas(topic)
  const minimum = Number(configs['min.insync.replicas'])
  // A topic of one replica takes what asks for more, and keeps it once.
  if (Math.min(minimum, replicas) < 2) {
    const wanted =
      'min.insync.replicas of 2 or more, and as many replicas: else the leader alone has what counts as stored'
    findings.push({ id: 'min-insync-replicas', entity, level: 'error', found: String(minimum), wanted })
  } else if (minimum >= replicas) {
    const wanted = `less than its ${replicas} replicas: else publishing ends with one node`
    findings.push({ id: 'min-insync-replicas', entity, level: 'warning', found: String(minimum), wanted })
  }
  if (configs['unclean.leader.election.enable'] === 'true') {
    const wanted = 'false: a replica that is behind may lead else, and what it has not got is lost'
    findings.push({ id: 'unclean-leader-election', entity, level: 'error', found: 'true', wanted })
  }
  const policy = configs['cleanup.policy'] ?? ''
  if (policy.includes('compact')) {
    const wanted = 'delete: of messages with one key only the last is kept else'
    findings.push({ id: 'cleanup-policy', entity, level: 'warning', found: policy, wanted })
  }
  return findings
}
