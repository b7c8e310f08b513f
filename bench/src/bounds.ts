import type { Bound, Case, Subject } from './suite.js'

/** A bound with its limit in numbers, and what was measured. */
export type BoundResult = { readonly figure: string; readonly measured: number; readonly ok?: boolean } & (
  { readonly atLeast: number } | { readonly atMost: number }
)

/** The bounds that the figures of a subject have to keep. Somebody else's has none, and neither has what a case compares itself with. */
export function boundsOf({ name, baseline, bounds = [] }: Case, subject: Subject): readonly Bound[] {
  const isBaseline = baseline?.case === name && baseline.subject === subject.name
  return isBaseline || subject.peer === true ? [] : bounds
}

export interface MeasuredFigures {
  readonly own: Readonly<Record<string, number>>
  /** Of the baseline, in the same rounds. */
  readonly baseline: Readonly<Record<string, number>>
}

/** @throws Error when a bound names a figure that was not measured: a mistake in the suite */
export function measuredBound(bound: Bound, { own, baseline }: MeasuredFigures): BoundResult {
  const { figure } = bound
  const measured = known(own, figure, figure)
  if (!('atMostBaseline' in bound)) return { ...bound, measured }
  const { times, plus } = bound.atMostBaseline
  return { figure, atMost: known(baseline, figure, `${figure} of the baseline`) * times + plus, measured }
}

export const judged = (bound: BoundResult): BoundResult & { readonly ok: boolean } => ({
  ...bound,
  ok: 'atLeast' in bound ? bound.measured >= bound.atLeast : bound.measured <= bound.atMost,
})

function known(figures: Readonly<Record<string, number>>, name: string, title: string): number {
  const value = figures[name]
  if (value === undefined) throw new Error(`a bound asks for ${title}, which was not measured`)
  return value
}
