import type { Finding, Topology, TopicSpec } from '@sluice/core/spi'
import type { DelayQueues } from './delay-queues.js'
import { natureOf } from './existing-queue.js'
import { standOfGroup } from './group-queues.js'
import type { Link } from './link.js'
import { undeliveredName, type Names } from './names.js'
import { isOlder, soundVersion } from './server-version.js'
import { exists, type Standing } from './standing.js'
import type { BrokerTopology } from './topology.js'

export interface InspectOptions {
  /** Of the consume side: the broker may have stopped to read the other one. */
  readonly link: Link
  readonly names: Names
  readonly topology: BrokerTopology
  readonly delays: DelayQueues
}

/** Settings of the broker on which it depends whether something is lost, as far as AMQP lets them be seen. Changes nothing. */
export async function inspectBroker(
  options: InspectOptions,
  topology: Topology,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { link } = options
  const { server } = (await link.whenUp(signal)).connection
  const findings = [...versionFindings(server.product, server.version), ...unseen]
  for (const spec of topology.topics) {
    findings.push(...(await existingFindings(options, spec, signal)), ...(await ownFindings(options, spec, signal)))
  }
  if (topology.topics.some(({ groups }) => groups.some(({ durableDelays }) => durableDelays))) {
    findings.push(...(await delayFindings(options, signal)))
  }
  return findings
}

/** Needs the management API or the command line of the broker. */
const unseen: readonly Finding[] = [
  {
    id: 'replicas',
    entity: 'broker',
    level: 'unknown',
    found: 'AMQP does not tell how many nodes the broker has, or have a copy of a queue',
    wanted: '3 nodes or more, each quorum queue with 3 copies or more',
  },
  {
    id: 'policies',
    entity: 'broker',
    level: 'unknown',
    found: 'AMQP does not tell which policies apply',
    wanted: 'no policy that ends messages (message-ttl, expires, max-length with drop-head)',
  },
]

function versionFindings(product: string, version: string): readonly Finding[] {
  const older = isOlder(version, soundVersion)
  if (product === 'RabbitMQ' && older === false) return []
  const found = `${product} ${version}`
  const wanted = `RabbitMQ ${soundVersion} or later: earlier ones may lose confirmed messages when nodes are parted`
  const level = product === 'RabbitMQ' && older === true ? 'warning' : 'unknown'
  return [{ id: 'server-version', entity: 'broker', level, found, wanted }]
}

/** Queues that somebody else has made. */
async function existingFindings(
  { link, names }: InspectOptions,
  { name, groups }: TopicSpec,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const queues = groups.flatMap((group) => {
    const existing = names.existingGroup(name, group.name)
    return [existing?.queue, existing?.deadLetterQueue].filter((queue) => queue !== undefined)
  })
  const findings: Finding[] = []
  for (const queue of new Set(queues)) {
    const entity = `queue ${queue}`
    const nature = await natureOf(link, queue, signal)
    if (nature === 'missing') continue
    if (nature === 'unknown') {
      const found = 'the broker does not tell its arguments'
      findings.push({ id: 'queue-type', entity, level: 'unknown', found, wanted: 'a quorum queue' })
    } else if (!nature.durable) {
      const wanted = 'a durable queue: this one is lost when the broker restarts'
      findings.push({ id: 'queue-durable', entity, level: 'error', found: 'not durable', wanted })
    } else if (nature.type !== 'quorum') {
      const wanted = 'a quorum queue: this one is on a single node'
      findings.push({ id: 'queue-type', entity, level: 'warning', found: `a ${nature.type} queue`, wanted })
    }
  }
  return findings
}

/** Queues of Sluice's that somebody has made again with other arguments. */
async function ownFindings(
  { link, names, topology }: InspectOptions,
  { name, groups }: TopicSpec,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const shape = await topology.shape(name, signal)
  if (shape === undefined) return []
  const isExistingTopic = names.existing(name) !== undefined
  const findings: Finding[] = []
  for (const group of groups) {
    const request = { link, names, topic: name, isExistingTopic, shape, group }
    for (const { queue, standing } of await standOfGroup(request, false, signal)) {
      findings.push(...findingsOf('queue-arguments', `queue ${queue}`, standing))
    }
  }
  return findings
}

async function delayFindings({ link, delays }: InspectOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const found = findingsOf('delay-queues', 'delay queues sluice.delay.*', await delays.stand(false, signal))
  const undelivered = await link.onChannel(async (channel) => {
    let messages = 0
    const look = async (): Promise<void> => {
      messages = (await channel.checkQueue(undeliveredName)).messages
    }
    return (await exists(look)) ? messages : 0
  }, signal)
  if (undelivered === 0) return found
  const lost: Finding = {
    id: 'undelivered',
    entity: `queue ${undeliveredName}`,
    level: 'warning',
    found: `${undelivered} delayed messages whose queues were deleted before their time`,
    wanted: 'none: publish again what is still of use, and empty it',
  }
  return [...found, lost]
}

function findingsOf(id: string, entity: string, standing: Standing): readonly Finding[] {
  if (standing.state === 'differs') {
    return [{ id, entity, level: 'error', found: standing.found, wanted: standing.wanted }]
  }
  if (standing.state !== 'unknown') return []
  return [{ id, entity, level: 'unknown', found: standing.found, wanted: 'what Sluice declares' }]
}
