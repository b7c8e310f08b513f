import { boundsOf, judged, measuredBound, type BoundResult } from './bounds.js'
import type { Measured } from './run-suite.js'
import type { Sample } from './sample.js'
import { spreadOf, type Spread } from './statistics.js'
import type { Traits } from './suite.js'

/** What is reported of one subject in one case; the same for every suite. */
export interface Result {
  readonly suite: string
  readonly name: string
  readonly subject: string
  /** What the subject promises and what not. */
  readonly traits?: Traits
  /** Case and subject that `ratio` compares with. */
  readonly baseline?: string
  /** Median of the samples, as every figure here. */
  readonly messagesPerSecond: number
  readonly cpuMicros: number
  /** Median of the ratios of each round. */
  readonly ratio?: number
  readonly bytesPerMessage?: number
  readonly samples: number
  /** Lowest and highest of the samples. */
  readonly spread: { readonly messagesPerSecond: Ends; readonly cpuMicros: Ends; readonly ratio?: Ends }
  readonly figures?: Readonly<Record<string, number>>
  /** Of the last sample. */
  readonly series?: Sample['series']
  readonly bounds?: readonly BoundResult[]
  /** Whether all its bounds hold; missing where it has none, and where nothing was judged. */
  readonly ok?: boolean
  /** Too short to be a measurement. */
  readonly quick?: true
}

type Ends = readonly [min: number, max: number]

export interface ResultContext {
  readonly suite: string
  /** Bounds are shown, not judged. */
  readonly quick: boolean
}

/** @throws Error when a bound names a figure that was not measured */
export function resultOf(measured: Measured, { suite, quick }: ResultContext): Result {
  const { case: one, subject, samples } = measured
  const rate = spreadOf(samples.map(({ messagesPerSecond }) => messagesPerSecond))
  const cpu = spreadOf(samples.map(({ cpuMicros }) => cpuMicros))
  const bytes = spreadOfSome(samples.map(({ bytesPerMessage }) => bytesPerMessage))
  const ratio = spreadOfSome(samples.map((sample) => sample.ratio))
  const figures = figuresOf(samples.map((sample) => sample.figures))
  const own = ratio === undefined ? figures : { ...figures, ratio: ratio.median }
  const ofBaseline = figuresOf(samples.map(({ baselineFigures }) => baselineFigures))
  const bounds = boundsOf(one, subject).map((bound) => measuredBound(bound, { own, baseline: ofBaseline }))
  return {
    suite,
    name: one.name,
    subject: subject.name,
    ...(subject.traits === undefined ? {} : { traits: subject.traits }),
    ...(one.baseline === undefined || ratio === undefined ? {} : { baseline: titleOf(one.baseline) }),
    messagesPerSecond: rate.median,
    cpuMicros: cpu.median,
    ...(ratio === undefined ? {} : { ratio: ratio.median }),
    ...(bytes === undefined ? {} : { bytesPerMessage: bytes.median }),
    samples: samples.length,
    spread: {
      messagesPerSecond: endsOf(rate),
      cpuMicros: endsOf(cpu),
      ...(ratio === undefined ? {} : { ratio: endsOf(ratio) }),
    },
    ...(Object.keys(figures).length === 0 ? {} : { figures }),
    ...seriesOf(samples.at(-1)),
    ...verdictOf(bounds, quick),
  }
}

function verdictOf(bounds: readonly BoundResult[], quick: boolean): Pick<Result, 'bounds' | 'ok' | 'quick'> {
  if (quick) return { ...(bounds.length === 0 ? {} : { bounds }), quick }
  if (bounds.length === 0) return {}
  const verdicts = bounds.map(judged)
  return { bounds: verdicts, ok: verdicts.every(({ ok }) => ok) }
}

/** The medians of each. */
function figuresOf(given: readonly Sample['figures'][]): Record<string, number> {
  const names = new Set(given.flatMap((figures) => Object.keys(figures ?? {})))
  const medianOf = (name: string): number => spreadOf(given.flatMap((figures) => figures?.[name] ?? [])).median
  return Object.fromEntries([...names].map((name) => [name, medianOf(name)]))
}

const seriesOf = (sample: Sample | undefined): Pick<Sample, 'series'> =>
  sample?.series === undefined ? {} : { series: sample.series }

const titleOf = (baseline: { readonly case: string; readonly subject: string }): string =>
  baseline.case === baseline.subject ? baseline.case : `${baseline.case} (${baseline.subject})`

function spreadOfSome(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : spreadOf(known)
}

const endsOf = ({ min, max }: Spread): Ends => [min, max]
