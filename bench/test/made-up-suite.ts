import type { Case, Subject, Suite } from '../src/suite.js'

/** A suite that never runs: for what is planned and reported. */
export function subjectNamed(name: string): Subject {
  return { name, work: { kind: 'module', measure: () => Promise.reject(new Error('is never measured')) } }
}

export function caseNamed(name: string, more: Partial<Case> = {}): Case {
  return { name, title: name, subjects: [subjectNamed('sluice')], ...more }
}

export const suiteOf = (...cases: readonly Case[]): Suite => ({ name: 'made-up', title: 'Made up', cases })
