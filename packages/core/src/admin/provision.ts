import { checkOneOf } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import type { AnyTopic } from '../model/topic.js'
import type { Adapter } from '../spi/adapter.js'
import type { ProvisionMode, Topology, TopologyItem, TopologyReport } from '../spi/topology.js'
import { buildTopology } from './build-topology.js'
import type { ProvisionTopic } from './provision-topic.js'

/**
 * Creates (`declare`), checks (`verify`) or compares (`plan`) topics and groups.
 * @throws SluiceError before any I/O: INVALID_OPTION, UNKNOWN_OPTION, INVALID_NAME, NAME_COLLISION, UNSUPPORTED; then
 * TOPOLOGY_MISMATCH with everything that differs (not for `plan`), and what the adapter rejects with. All as a rejection.
 */
export async function provision(
  adapter: Adapter,
  targets: readonly (AnyTopic | ProvisionTopic)[],
  mode: ProvisionMode,
  signal: AbortSignal,
): Promise<TopologyReport> {
  checkOneOf('mode', mode, ['plan', 'verify', 'declare'])
  const topology = buildTopology(targets, adapter)
  checkAble(adapter, mode)
  if (topology.topics.length === 0) return { items: [] }
  const only = topology.topics.length === 1 ? { topic: topology.topics[0]?.name } : {}
  let report: TopologyReport
  try {
    report = await adapter.provision(topology, mode, signal)
  } catch (error) {
    throw toSluiceError(error, only)
  }
  const wrong = mode === 'plan' ? [] : report.items.filter(({ state }) => state === 'differs' || state === 'missing')
  if (wrong.length > 0) throw mismatch(wrong, mode, topology)
  return report
}

/** Who can only compare may also plan; who can do neither can say nothing. */
function checkAble({ name, capabilities }: Adapter, mode: ProvisionMode): void {
  const { provisioning } = capabilities
  if (provisioning === 'declare' || (provisioning === 'verify' && mode !== 'declare')) return
  const instead =
    provisioning === 'verify' ? 'use mode "verify" or "plan"' : 'create topics and groups with the tools of the broker'
  throw new SluiceError('UNSUPPORTED', `adapter "${name}" cannot ${mode} topics and groups: ${instead}`, {
    field: 'mode',
  })
}

function mismatch(wrong: readonly TopologyItem[], mode: ProvisionMode, { topics }: Topology): SluiceError {
  const text = wrong.map((item) => `${item.entity}: ${difference(item)}`).join('; ')
  const way = mode === 'verify' ? ' Create what is missing with mode "declare".' : ''
  return new SluiceError('TOPOLOGY_MISMATCH', `${text}.${wrong.some(isMissing) ? way : ''}`, {
    topic: topics.length === 1 ? topics[0]?.name : undefined,
    issues: wrong.map((item) => ({ path: item.entity, message: difference(item) })),
  })
}

const isMissing = (item: TopologyItem): boolean => item.state === 'missing'

function difference(item: TopologyItem): string {
  const wanted = item.wanted ?? 'it to exist'
  return isMissing(item)
    ? `wanted ${wanted}, found nothing`
    : `wanted ${wanted}, found ${item.found ?? 'something else'}`
}
