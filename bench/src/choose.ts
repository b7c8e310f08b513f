import type { Case, Subject, Suite } from './suite.js'

/** @throws Error that names the suites there are */
export function findSuite(suites: readonly Suite[], name: string): Suite {
  const suite = suites.find((one) => one.name === name)
  if (suite !== undefined) return suite
  throw new Error(`There is no suite "${name}". Known: ${suites.map((one) => one.name).join(', ')}`)
}

/**
 * The cases of these names, in the order of the suite; all of them without names.
 * @throws Error that names the cases there are
 */
export function chooseCases(suite: Suite, names: readonly string[] | undefined): readonly Case[] {
  if (names === undefined) return suite.cases
  for (const name of names) findCase(suite, name)
  return suite.cases.filter(({ name }) => names.includes(name))
}

/** @throws Error that names the cases there are */
export function findCase(suite: Suite, name: string): Case {
  const found = suite.cases.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new Error(
    `Suite "${suite.name}" has no case "${name}". Known: ${suite.cases.map((one) => one.name).join(', ')}`,
  )
}

/**
 * The subject of this name; all of them without one.
 * @throws Error that names the subjects there are
 */
export function chooseSubjects(one: Case, name: string | undefined): readonly Subject[] {
  const found = one.subjects.filter((subject) => name === undefined || subject.name === name)
  if (found.length > 0) return found
  const known = one.subjects.map((subject) => subject.name).join(', ')
  throw new Error(`Case "${one.name}" has no subject "${String(name)}". Known: ${known}`)
}
