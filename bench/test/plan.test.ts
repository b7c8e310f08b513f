import { expect, test } from 'vitest'
import { chooseCases, chooseSubjects, findSuite } from '../src/choose.js'
import { planOf, type Step } from '../src/plan.js'
import { caseNamed, subjectNamed, suiteOf } from './made-up-suite.js'

const raw = caseNamed('raw', { subjects: [subjectNamed('client')] })
const baseline = { case: 'raw', subject: 'client' }
const length = { messages: 1_000, quick: false }
const names = (steps: readonly Step[]): string[] => steps.map((step) => `${step.case.name}/${step.subject.name}`)

test('a baseline runs right before each case that is compared with it, and not twice in a row', () => {
  const suite = suiteOf(raw, caseNamed('one', { baseline }), caseNamed('two', { baseline }), caseNamed('alone'))
  expect(names(planOf(suite, suite.cases, length).round)).toEqual([
    'raw/client',
    'one/sluice',
    'raw/client',
    'two/sluice',
    'alone/sluice',
  ])
})

test('a chosen case brings its baseline along', () => {
  const suite = suiteOf(raw, caseNamed('one', { baseline }), caseNamed('two', { baseline }))
  const cases = chooseCases(suite, ['two'])
  expect(names(planOf(suite, cases, length).round)).toEqual(['raw/client', 'two/sluice'])
})

test('a subject of the case itself can be the baseline: it runs first, and once', () => {
  const subjects = [subjectNamed('sluice'), subjectNamed('peer'), subjectNamed('client')]
  const suite = suiteOf(caseNamed('publish', { subjects, baseline: { case: 'publish', subject: 'client' } }))
  const { round } = planOf(suite, suite.cases, length)
  expect(names(round)).toEqual(['publish/client', 'publish/sluice', 'publish/peer'])
  expect(round.every(({ aside }) => !aside)).toBe(true)
})

test('a case with its own number of messages has its baseline run as many, aside', () => {
  const long = caseNamed('long', { baseline, once: true, messages: { full: 5_000_000, quick: 10 } })
  const suite = suiteOf(raw, long)
  const { round, once } = planOf(suite, suite.cases, length)
  expect(round).toMatchObject([{ case: raw, messages: 1_000, aside: false }])
  expect(once).toMatchObject([
    { case: raw, messages: 5_000_000, aside: true },
    { case: long, messages: 5_000_000, aside: false },
  ])
  expect(planOf(suite, [long], { messages: 20, quick: true }).once[1]).toMatchObject({ messages: 10 })
})

test('a baseline that does not exist is a mistake in the suite', () => {
  const suite = suiteOf(caseNamed('one', { baseline }))
  expect(() => planOf(suite, suite.cases, length)).toThrow('there is no baseline raw (client)')
})

test('what does not exist is refused with the names of what does', () => {
  const suite = suiteOf(raw, caseNamed('one'))
  expect(() => findSuite([suite], 'x')).toThrow('There is no suite "x". Known: made-up')
  expect(() => chooseCases(suite, ['one', 'x'])).toThrow('Suite "made-up" has no case "x". Known: raw, one')
  expect(() => chooseSubjects(raw, 'x')).toThrow('Case "raw" has no subject "x". Known: client')
  expect(chooseSubjects(raw, undefined)).toEqual(raw.subjects)
})
