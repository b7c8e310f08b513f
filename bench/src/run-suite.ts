import { baselineOf, planOf, type Length, type Step } from './plan.js'
import type { Programs } from './process/programs.js'
import { runSubject } from './process/run-subject.js'
import type { Sample } from './sample.js'
import type { Case, Subject, Suite } from './suite.js'
import type { Surroundings } from './surroundings.js'

/** All samples of one subject of one case. */
export interface Measured {
  readonly case: Case
  readonly subject: Subject
  readonly samples: readonly Compared[]
}

export interface Compared extends Sample {
  /** Rate over the rate of the baseline that ran right before. */
  readonly ratio?: number
  /** Figures of that baseline. */
  readonly baselineFigures?: Sample['figures']
}

export interface SuiteRun {
  readonly suite: Suite
  readonly cases: readonly Case[]
  readonly rounds: number
  readonly length: Length
  readonly programs: Programs
  readonly surroundings: Surroundings
  readonly progress: (line: string) => void
}

export interface SuiteOutcome {
  readonly measured: readonly Measured[]
  /** What ended badly, and how. It did not run again; what it had measured before is left out. */
  readonly failures: readonly string[]
}

/** Runs every round, then what runs once. The subjects take turns, so that a slow minute of the machine meets all of them. */
export async function runSuite(run: SuiteRun): Promise<SuiteOutcome> {
  const plan = planOf(run.suite, run.cases, run.length)
  const samples = new Samples()
  for (let round = 1; round <= run.rounds; round++) {
    await runSteps(plan.round, run, { samples, label: `round ${round} of ${run.rounds}`, allocations: round === 1 })
  }
  await runSteps(plan.once, run, { samples, label: 'once', allocations: false })
  return samples.outcome(run.suite)
}

interface StepsContext {
  readonly samples: Samples
  readonly label: string
  readonly allocations: boolean
}

async function runSteps(steps: readonly Step[], run: SuiteRun, context: StepsContext): Promise<void> {
  const { samples, label, allocations } = context
  const { programs, surroundings } = run
  const { quick } = run.length
  /** Of the steps in this call only: a ratio over another round would compare two states of the machine. */
  const taken = new Map<Subject, Sample>()
  for (const step of steps) {
    if (samples.hasFailed(step)) continue
    run.progress(`${label}: ${step.case.name} (${step.subject.name})`)
    try {
      const options = { programs, surroundings, quick, allocations: allocations && !step.aside }
      const sample = await runSubject(step, options)
      taken.set(step.subject, sample)
      const baseline = baselineOf(run.suite, step.case)?.subject
      const reference = baseline === undefined || baseline === step.subject ? undefined : taken.get(baseline)
      if (!step.aside) samples.add(step, { ...sample, ...comparedWith(reference, sample) })
    } catch (error) {
      samples.fail(step, error instanceof Error ? error.message : String(error))
    }
  }
}

function comparedWith(reference: Sample | undefined, sample: Sample): Pick<Compared, 'ratio' | 'baselineFigures'> {
  if (reference === undefined) return {}
  const { messagesPerSecond, figures } = reference
  const ratio = sample.messagesPerSecond / messagesPerSecond
  return { ratio, ...(figures === undefined ? {} : { baselineFigures: figures }) }
}

class Samples {
  readonly #bySubject = new Map<Subject, Measured & { readonly samples: Compared[] }>()
  readonly #failures = new Map<Subject, string>()

  add({ case: one, subject }: Step, sample: Compared): void {
    const found = this.#bySubject.get(subject) ?? { case: one, subject, samples: [] }
    found.samples.push(sample)
    this.#bySubject.set(subject, found)
  }

  fail({ subject }: Step, text: string): void {
    this.#failures.set(subject, text)
    this.#bySubject.delete(subject)
  }

  hasFailed({ subject }: Step): boolean {
    return this.#failures.has(subject)
  }

  outcome({ cases }: Suite): SuiteOutcome {
    const measured = [...this.#bySubject.values()]
    return {
      measured: measured.toSorted((a, b) => cases.indexOf(a.case) - cases.indexOf(b.case)),
      failures: [...this.#failures.values()],
    }
  }
}
