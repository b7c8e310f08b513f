import { describe, expect, it } from 'vitest'
import { makeSchedule } from '../../src/simulation/make-schedule.js'
import { countOf, partOf, readPart, writePart } from '../../src/simulation/part-of.js'
import type { Schedule } from '../../src/simulation/schedule.js'
import { kindsOf, shrink } from '../../src/simulation/shrink.js'

const whole = makeSchedule(5)
const publishing = whole.steps.filter((step) => (countOf(step) ?? 0) >= 4).map(({ number }) => number)
const [first = -1, , third = -1] = publishing
const numbers = ({ steps }: Schedule): readonly number[] => steps.map(({ number }) => number)

describe('shrink', () => {
  it('keeps what is needed, and of that as few messages as it can', async () => {
    const short = await shrink(whole, (schedule) => {
      const messages = schedule.steps.find(({ number }) => number === third)
      const isEnough = messages !== undefined && (countOf(messages) ?? 0) >= 3
      return Promise.resolve(isEnough && numbers(schedule).includes(first))
    })
    expect(numbers(short)).toEqual([first, third])
    expect(short.steps.map(countOf)).toEqual([1, expect.toSatisfy((count) => count >= 3 && count < 6)])
  })

  it('gives back the whole when nothing can be left out, and keeps to its number of runs', async () => {
    let runs = 0
    const short = await shrink(whole, () => Promise.resolve((runs += 1) < 0), { runs: 10 })
    expect(numbers(short)).toEqual(numbers(whole))
    expect(runs).toBe(10)
  })

  it('leaves the chance of a step as it was', () => {
    const part = partOf(whole, new Map([[third, undefined]]))
    expect(part.steps).toEqual(whole.steps.filter(({ number }) => number === third))
  })

  it('writes what is left as the command line reads it', () => {
    const part = partOf(whole, new Map([[first, 2], [third, undefined]])) // prettier-ignore
    const text = writePart(part, whole)
    expect(text).toBe(`${first}:2,${third}`)
    expect(partOf(whole, readPart(text))).toEqual(part)
    expect(() => readPart('3,x')).toThrow('--steps needs numbers as in "3,7:2,9", got "x"')
  })

  it('tells kinds of problems apart, whatever their names and times', () => {
    const lost = (id: string): string => `1 violations: events 5\n  lost: '${id}' of orders was never delivered`
    expect(kindsOf([lost('m1')])).toEqual(new Set(['lost']))
    expect(kindsOf([lost('m2')])).toEqual(kindsOf([lost('m1')]))
    expect(kindsOf(['i1 runs 5 handlers'])).toEqual(kindsOf(['i2 runs 6 handlers']))
    expect(kindsOf(['i1 runs 5 handlers'])).not.toEqual(kindsOf(['it did not drain']))
  })
})
