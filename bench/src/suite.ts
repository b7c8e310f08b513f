import type { Sample } from './sample.js'
import type { Ask, Facts, Surroundings } from './surroundings.js'

/** Everything that is compared in one run of the bench. */
export interface Suite {
  readonly name: string
  /** What its figures mean, for the head of the report. */
  readonly title: string
  readonly cases: readonly Case[]
  /** Opens what its subjects share, before the first of them. @default nothing */
  readonly open?: () => Promise<Surroundings>
}

/** One kind of work, done by one or several subjects. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly subjects: readonly Subject[]
  /** What the subjects are compared with: it runs in each round right before them. A case of the same suite, or of this one a subject. */
  readonly baseline?: Baseline
  /** What has to hold for each subject, apart from the baseline when that is one of them. */
  readonly bounds?: readonly Bound[]
  /** Messages of one pass, where the figure has no meaning with another number. @default what the command line says */
  readonly messages?: { readonly full: number; readonly quick: number }
  /** Runs once after all rounds: it takes long, and what is asked of it is no rate. @default false */
  readonly once?: boolean
}

export interface Baseline {
  readonly case: string
  readonly subject: string
}

/** Who does the work: each runs in a process of its own. */
export interface Subject {
  readonly name: string
  readonly work: Work
  /** Somebody else's: its figures are shown and not judged. @default false */
  readonly peer?: boolean
  /** What it promises and what not, by the name of the promise: rates mean nothing without that. */
  readonly traits?: Traits
}

export type Traits = Readonly<Record<string, string>>

/** Done in this program, or by a program that stands alone. */
export type Work = ModuleWork | ProgramWork

export interface ModuleWork {
  readonly kind: 'module'
  /** Called once, in the process of the subject. What it imports at that moment is loaded there alone. */
  readonly measure: (task: MeasureTask) => Promise<Sample>
  /** Flags of Node for its process. @default none */
  readonly nodeFlags?: readonly string[]
}

export interface MeasureTask {
  /** Messages of one pass. */
  readonly messages: number
  /** Count bytes as well, apart from what is timed. */
  readonly allocations: boolean
  /** Nobody looks at the figures: what takes its time may be cut short. */
  readonly quick: boolean
  readonly facts: Facts
  readonly ask: Ask
}

export interface ProgramWork {
  readonly kind: 'program'
  /** Relative to the folder of the bench. */
  readonly file: string
  readonly args: (messages: number) => readonly string[]
  /** Messages that it handles in all when it is started with these arguments. */
  readonly handles: (messages: number) => number
  /** @throws Error when the output has another shape */
  readonly read: (output: string) => Sample
}

/**
 * A limit of one figure of a sample. `ratio` is the rate over the baseline's in the same round; what is compared with the figure of
 * the same name of the baseline has to be at most `times` that, and `plus` more.
 */
export type Bound =
  | { readonly figure: string; readonly atLeast: number }
  | { readonly figure: string; readonly atMost: number }
  | { readonly figure: string; readonly atMostBaseline: { readonly times: number; readonly plus: number } }
