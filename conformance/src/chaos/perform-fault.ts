import { seededRandom } from '@sluice/testing'
import { machineTime } from './clock.js'
import type { Planned } from './schedule.js'
import type { FaultKind, Scene } from './target.js'

/** A fault as it came about. */
export interface Performed {
  readonly id: string
  readonly what: string
  readonly from: number
  /** When nothing was broken any more. */
  readonly healed: number
  /** When messages got through again that had been published after that. */
  readonly to: number
}

/** How many publishes and deliveries have to overlap a fault. */
export const leastOverlap = 200
/** What the processes say of themselves is a little old: whoever is just above the least by that may be below it. */
const margin = 50
const repetitions = 3
const recoveryLimitMs = 90_000

export interface PerformContext {
  readonly scene: Omit<Scene, 'random'>
  readonly performed: Performed[]
  readonly print: (line: string) => void
}

/** Performs a fault in mid-traffic, again when too little of the traffic has met it. False when nothing gets through any more. */
export async function performFault({ kind, seed }: Planned, context: PerformContext): Promise<boolean> {
  for (let attempt = 0; attempt < repetitions; attempt++) {
    const before = context.scene.crew.count()
    const fault = await performOnce(kind, seed + attempt, context)
    if (fault === undefined) return false
    const after = context.scene.crew.count()
    const publishes = after.publishes - before.answers
    const deliveries = after.runs - before.ends
    tellFault(fault, `${publishes} publishes, ${deliveries} deliveries`, context)
    if (Math.min(publishes, deliveries) >= leastOverlap + margin) {
      context.performed.push(fault)
      return true
    }
    if (context.scene.crew.publishers.every(({ finished }) => finished)) break
    context.print(`  met too little traffic to count`)
  }
  context.scene.problem(`${kind.id} (${kind.title}) did not meet ${leastOverlap} publishes and deliveries`)
  return true
}

async function performOnce(kind: FaultKind, seed: number, context: PerformContext): Promise<Performed | undefined> {
  const { crew, facts, problem } = context.scene
  const from = machineTime()
  const what = await kind.run({ ...context.scene, random: seededRandom(seed) })
  const healed = machineTime()
  const isOver = (): boolean => crew.publishers.every(({ finished }) => finished)
  const recovered = await crew.until(() => crew.hasRecovered(healed) || isOver(), recoveryLimitMs)
  const to = machineTime()
  facts.restored()
  if (recovered) return { id: kind.id, what, from, healed, to }
  problem(`${recoveryLimitMs} ms after ${kind.id} (${what}) nothing that was published since has got through`)
  return undefined
}

function tellFault({ id, what, from, healed, to }: Performed, met: string, { print, performed }: PerformContext): void {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(2)
  const number = String(performed.length + 1).padStart(4)
  print(
    `${number}  ${id.padEnd(4)} ${what}: ${seconds(healed - from)} s, through again ${seconds(to - healed)} s later; ${met}`,
  )
}
