import { seededRandom } from '@sluice/testing'
import type { FaultKind } from './target.js'

/** One fault that is to come. */
export interface Planned {
  readonly kind: FaultKind
  /** Decides what is left to chance inside of it. */
  readonly seed: number
}

/** Draws faults by weight. Every kind comes at least once where there are as many faults as kinds; the same seed gives the same. */
export function makeSchedule(kinds: readonly FaultKind[], count: number, seed: number): readonly Planned[] {
  const random = seededRandom(seed)
  const drawn: FaultKind[] = []
  let left = [...kinds]
  while (drawn.length < count) {
    const kind = draw(left.length > 0 ? left : kinds, random)
    left = left.filter((other) => other !== kind)
    drawn.push(kind)
  }
  return shuffle(drawn, random).map((kind) => ({ kind, seed: Math.floor(random() * 2 ** 31) }))
}

function draw(kinds: readonly FaultKind[], random: () => number): FaultKind {
  let rest = random() * kinds.reduce((sum, { weight }) => sum + weight, 0)
  const found = kinds.find(({ weight }) => (rest -= weight) < 0) ?? kinds.at(-1)
  if (found === undefined) throw new RangeError('chaos: there is no fault to draw from')
  return found
}

function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
