import type { Conformance } from '../define-conformance.js'
import { conformanceIds } from '../ids.js'
import { consumeConformance } from './consume/index.js'
import { drainConformance } from './drain/index.js'
import { orderConformance } from './order/index.js'
import { pluginsConformance } from './plugins/index.js'
import { publishConformance } from './publish/index.js'
import { resilienceConformance } from './resilience/index.js'
import { settleConformance } from './settle/index.js'
import { swapConformance } from './swap/index.js'

const all = [
  ...publishConformance,
  ...consumeConformance,
  ...settleConformance,
  ...orderConformance,
  ...drainConformance,
  ...resilienceConformance,
  ...pluginsConformance,
  ...swapConformance,
]

const place = new Map<string, number>(conformanceIds.map(({ id }, index) => [id, index]))

/** Every test of the kit, in the order of the list of ids. */
export const conformance: readonly Conformance[] = all.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
