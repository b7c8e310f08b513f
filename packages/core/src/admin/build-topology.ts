import { checkKeys, checkOneOf } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { checkGroupName } from '../model/names.js'
import { isTopic, type AnyTopic } from '../model/topic.js'
import type { Adapter } from '../spi/adapter.js'
import type { GroupSpec, Topology } from '../spi/topology.js'
import type { ProvisionGroup, ProvisionTopic } from './provision-topic.js'

type Target = AnyTopic | ProvisionTopic
type Able = Pick<Adapter, 'name' | 'capabilities'>

interface Draft {
  readonly topic: AnyTopic
  partitions: number | undefined
  /** Groups that were listed with `provision` itself. */
  readonly given: Map<string, GroupSpec>
  /** Groups that the topic names, and about which it says nothing more. */
  readonly named: Set<string>
}

/**
 * What should exist, in the words of the SPI. The same topic may be listed several times: its groups are joined.
 * @throws SluiceError INVALID_NAME, INVALID_OPTION, UNKNOWN_OPTION, NAME_COLLISION, UNSUPPORTED
 */
export function buildTopology(targets: readonly Target[], adapter: Able): Topology {
  if (!Array.isArray(targets)) throw invalid('topics', 'must be an array of topics')
  const drafts = new Map<string, Draft>()
  targets.forEach((target: unknown, index) => {
    const { topic, groups } = read(target, `topics[${index}]`)
    const draft = draftOf(drafts, topic)
    for (const name of topic.groups) draft.named.add(name)
    groups.forEach((group, place) => addGroup(draft, group, `topics[${index}].groups[${place}]`, adapter))
  })
  const topics = [...drafts.values()].map((draft) => {
    const { name, keyed } = draft.topic
    for (const group of draft.named) {
      if (!draft.given.has(group)) draft.given.set(group, specOf({ name: group }, draft.topic, 'groups', adapter))
    }
    return { name, keyed, partitions: draft.partitions, groups: [...draft.given.values()] }
  })
  return { topics }
}

function read(target: unknown, field: string): { topic: AnyTopic; groups: readonly unknown[] } {
  if (isTopic(target)) return { topic: target, groups: [] }
  const given = (typeof target === 'object' && target !== null ? target : {}) as Partial<ProvisionTopic>
  const noTopic = (): SluiceError => invalid(field, 'must be a topic made by defineTopic(), or { topic, groups }')
  if (!('topic' in given)) throw noTopic()
  checkKeys(field, given, ['topic', 'groups'])
  if (!isTopic(given.topic)) throw noTopic()
  if (!Array.isArray(given.groups)) throw invalid(`${field}.groups`, 'must be an array of names or groups')
  return { topic: given.topic, groups: given.groups }
}

/** Two values of one name are fine as long as they do not contradict each other. */
function draftOf(drafts: Map<string, Draft>, topic: AnyTopic): Draft {
  const { name, keyed, partitions } = topic
  const known = drafts.get(name)
  if (known === undefined) {
    const draft = { topic, partitions, given: new Map(), named: new Set<string>() }
    drafts.set(name, draft)
    return draft
  }
  if (known.topic.keyed !== keyed) throw collision(name, 'one has a key, the other has none')
  known.partitions ??= partitions
  if (partitions !== undefined && partitions !== known.partitions) {
    throw collision(name, `one wants ${known.partitions} partitions, the other ${partitions}`)
  }
  return known
}

function addGroup(draft: Draft, given: unknown, field: string, adapter: Able): void {
  const group = typeof given === 'string' ? { name: given } : (given as ProvisionGroup)
  checkKeys(field, group, ['name', 'order', 'from'])
  const spec = specOf(group, draft.topic, field, adapter)
  const known = draft.given.get(spec.name)
  if (known !== undefined && (known.order !== spec.order || known.from !== spec.from)) {
    const text = `group "${spec.name}" of topic "${draft.topic.name}" is listed twice: ${show(known)}, and ${show(spec)}`
    throw new SluiceError('NAME_COLLISION', text, { field, topic: draft.topic.name, group: spec.name })
  }
  draft.given.set(spec.name, spec)
}

function specOf(group: ProvisionGroup, topic: AnyTopic, field: string, { name, capabilities }: Able): GroupSpec {
  checkGroupName(group.name, field)
  const { order = topic.keyed ? 'key' : 'none', from = 'creation' } = group
  checkOneOf(`${field}.order`, order, ['key', 'none'])
  checkOneOf(`${field}.from`, from, ['creation', 'earliest'])
  if (order === 'key' && !topic.keyed) throw invalid(`${field}.order`, `is "key", and topic "${topic.name}" has no key`)
  const refuse = (option: string, capability: string): SluiceError =>
    new SluiceError('UNSUPPORTED', `adapter "${name}" refuses ${option} (capability ${capability})`, {
      field,
      topic: topic.name,
      group: group.name,
    })
  if (order === 'key' && !capabilities.keyedOrder) throw refuse('order: "key"', 'keyedOrder')
  if (from === 'earliest' && !capabilities.replay) throw refuse('from: "earliest"', 'replay')
  return { name: group.name, order, from, durableDelays: order === 'none' && capabilities.durableDelay }
}

const show = ({ order, from }: GroupSpec): string => `order "${order}" from "${from}"`

const invalid = (field: string, text: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })

const collision = (topic: string, text: string): SluiceError =>
  new SluiceError('NAME_COLLISION', `two topics are named "${topic}": ${text}. Share one topic value`, {
    field: 'topics',
    topic,
  })
