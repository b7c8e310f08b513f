import { SluiceError } from '../errors/sluice-error.js'
import { toSluiceError } from '../errors/wrap.js'
import type { Clock } from '../model/clock.js'
import type { AnyTopic } from '../model/topic.js'
import type { Adapter } from '../spi/adapter.js'
import type { Route } from '../spi/sending.js'
import type { GroupSpec } from '../spi/topology.js'
import { RouteSearch, type SearchRequest } from './route-search.js'

/** What exists at the broker, asked once and remembered until it changes. Publishers and subscriptions share it. */
export interface RouteTable {
  /**
   * The route of a topic that exists with the groups it names; at the first use both are created, checked or neither, as the mode says.
   * At once when it is known. Passing troubles are tried again until `signal` aborts.
   * @throws SluiceError as a rejection: NAME_COLLISION, UNKNOWN_TOPIC, TOPOLOGY_MISMATCH, DENIED, UNSUPPORTED, CLOSED; when `signal`
   * aborts its reason, if that is a SluiceError, else the last trouble, else ABORTED
   */
  route(topic: AnyTopic, signal: AbortSignal): Route | Promise<Route>
  /** Like {@link route}, and these groups exist with these properties. */
  ensureGroups(topic: AnyTopic, groups: readonly GroupSpec[], signal: AbortSignal): Promise<Route>
  /** The route of a topic by its name: nothing is created or checked. */
  routeOf(name: string, signal: AbortSignal): Route | Promise<Route>
  /** Why the topic has no route at the moment; `undefined` while nothing is tried again. */
  trouble(name: string): SluiceError | undefined
  /** What is known of the topic is asked again. */
  invalidate(name: string): void
}

export interface RouteTableOptions {
  readonly adapter: Adapter
  readonly clock: Clock
  readonly topology: 'declare' | 'verify' | 'none'
}

interface Known {
  /** Properties that all topic values of the name must share. */
  keyed: boolean | undefined
  partitions: number | undefined
  route: Route | undefined
  /** The topic itself was created or checked, not only looked up. */
  provisioned: boolean
  readonly groups: Map<string, GroupSpec>
  search: RouteSearch | undefined
  /** Grows with each change: what was asked before it is out of date. */
  generation: number
}

interface Admitted {
  readonly known: Known
  /** Takes back what the topic has added. */
  readonly forget: () => void
}

const keep = (): void => undefined

export function createRouteTable(options: RouteTableOptions): RouteTable {
  const { adapter, clock } = options
  const mode = weaker(options.topology, adapter.capabilities.provisioning)
  const topics = new Map<string, Known>()

  const knownOf = (name: string): Known => {
    let known = topics.get(name)
    if (known === undefined) {
      const nothing = { keyed: undefined, partitions: undefined, route: undefined, search: undefined }
      known = { ...nothing, provisioned: false, groups: new Map(), generation: 0 }
      topics.set(name, known)
    }
    return known
  }

  /** What has yet to be asked of the broker; `undefined` when everything is known. */
  const missing = (known: Known, topic: AnyTopic, groups: readonly GroupSpec[]): SearchRequest | undefined => {
    const chosen = groups.filter((group) => !isSame(known.groups.get(group.name), group))
    const named = topic.groups
      .filter((name) => !known.groups.has(name) && !groups.some((group) => group.name === name))
      .map((name) => defaultGroup(topic, name, adapter.capabilities.durableDelay))
    const all = [...named, ...chosen]
    if (all.length === 0 && known.provisioned && known.route !== undefined) return undefined
    const { name, keyed } = topic
    return { name, mode, spec: { name, keyed, partitions: topic.partitions ?? known.partitions, groups: all } }
  }

  const search = async (known: Known, next: () => SearchRequest | undefined, signal: AbortSignal): Promise<void> => {
    for (let request = next(); request !== undefined; request = next()) {
      const running = known.search
      const own = running === undefined
      const current = running ?? begin(known, request)
      try {
        await current.join(signal)
      } catch (error) {
        // Somebody else may have asked for what does not exist; what is needed here is asked by itself then.
        if (own || signal.aborted || sameRequest(current.request, request)) throw error
      }
    }
  }

  const begin = (known: Known, request: SearchRequest): RouteSearch => {
    const { generation } = known
    const begun = new RouteSearch(adapter, clock, request, (route) => {
      if (known.search === begun) known.search = undefined
      if (route === undefined || known.generation !== generation) return
      known.route = route
      if (request.spec === undefined) return
      known.provisioned = true
      known.keyed = request.spec.keyed
      known.partitions ??= request.spec.partitions
      for (const group of request.spec.groups) known.groups.set(group.name, group)
    })
    known.search = begun
    return begun
  }

  const ensure = async (
    known: Known,
    topic: AnyTopic,
    groups: readonly GroupSpec[],
    signal: AbortSignal,
  ): Promise<Route> => {
    for (;;) {
      await search(known, () => missing(known, topic, groups), signal)
      if (known.route !== undefined) return checkPartitions(topic, known.route)
    }
  }

  /**
   * Two values of one name are fine as long as they do not contradict each other. What the first says holds while it is asked about,
   * and from then on if the broker agrees.
   */
  const admit = (topic: AnyTopic): Admitted => {
    const known = knownOf(topic.name)
    const { keyed, partitions } = known
    if (keyed !== undefined && keyed !== topic.keyed) throw collision(topic.name, 'one has a key, the other has none')
    if (partitions !== undefined && topic.partitions !== undefined && partitions !== topic.partitions) {
      throw collision(topic.name, `one wants ${partitions} partitions, the other ${topic.partitions}`)
    }
    if (keyed !== undefined && (partitions !== undefined || topic.partitions === undefined))
      return { known, forget: keep }
    known.keyed = topic.keyed
    known.partitions = partitions ?? topic.partitions
    const forget = (): void => {
      // Somebody else's question may have been answered meanwhile.
      if (!known.provisioned) known.keyed = keyed
      known.partitions = partitions
    }
    return { known, forget }
  }

  const admitted = async (topic: AnyTopic, groups: readonly GroupSpec[], signal: AbortSignal): Promise<Route> => {
    const { known, forget } = admit(topic)
    try {
      return await ensure(known, topic, groups, signal)
    } catch (error) {
      forget()
      throw toSluiceError(error)
    }
  }

  return {
    route: (topic, signal) => {
      const known = topics.get(topic.name)
      if (known?.route !== undefined && agrees(known, topic) && missing(known, topic, []) === undefined)
        return known.route
      return admitted(topic, [], signal)
    },
    ensureGroups: (topic, groups, signal) => admitted(topic, groups, signal),
    routeOf: (name, signal) => {
      const known = knownOf(name)
      const next = (): SearchRequest | undefined =>
        known.route === undefined ? { name, mode, spec: undefined } : undefined
      const find = async (): Promise<Route> => {
        for (;;) {
          await search(known, next, signal)
          if (known.route !== undefined) return known.route
        }
      }
      return known.route ?? find()
    },
    trouble: (name) => topics.get(name)?.search?.trouble,
    invalidate: (name) => {
      const known = topics.get(name)
      if (known === undefined) return
      known.generation += 1
      known.route = undefined
      known.provisioned = false
      known.groups.clear()
    },
  }
}

/** As a subscription without options would create it. */
function defaultGroup(topic: AnyTopic, name: string, durableDelay: boolean): GroupSpec {
  return { name, order: topic.keyed ? 'key' : 'none', from: 'creation', durableDelays: !topic.keyed && durableDelay }
}

function isSame(a: GroupSpec | undefined, b: GroupSpec): boolean {
  return a !== undefined && a.order === b.order && a.from === b.from && a.durableDelays === b.durableDelays
}

function sameRequest(a: SearchRequest, b: SearchRequest): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** What is wanted, as far as the adapter can do it. */
function weaker(
  wanted: RouteTableOptions['topology'],
  able: RouteTableOptions['topology'],
): RouteTableOptions['topology'] {
  const order = ['none', 'verify', 'declare'] as const
  return order[Math.min(order.indexOf(wanted), order.indexOf(able))] ?? 'none'
}

/** At a glance: nothing has to be asked or refused. */
const agrees = (known: Known, { keyed, partitions }: AnyTopic): boolean =>
  known.keyed === keyed &&
  (partitions === undefined || (partitions === known.partitions && partitions === known.route?.partitions))

function checkPartitions(topic: AnyTopic, route: Route): Route {
  const { name, partitions } = topic
  if (partitions === undefined || partitions === route.partitions) return route
  const text = `topic "${name}": wanted ${partitions} partitions, found ${route.partitions} at the broker`
  throw new SluiceError('TOPOLOGY_MISMATCH', text, { topic: name, field: 'partitions' })
}

function collision(topic: string, text: string): SluiceError {
  return new SluiceError('NAME_COLLISION', `two topics are named "${topic}": ${text}. Share one topic value`, {
    topic,
    field: 'topic',
  })
}
