import { describe, expect, it } from 'vitest'
import { inParallel } from '../src/in-parallel.js'

describe('work in parallel', () => {
  it('runs a few at once and gives the results in order', async () => {
    let running = 0
    let most = 0
    const results = await inParallel([5, 1, 4, 2, 3], 2, async (turns) => {
      running += 1
      most = Math.max(most, running)
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      running -= 1
      return turns * 10
    })
    expect([results, most]).toEqual([[50, 10, 40, 20, 30], 2])
    expect(await inParallel([], 3, () => Promise.reject(new Error('never')))).toEqual([])
  })

  it('begins nothing after a failure, and waits for what runs', async () => {
    const begun: number[] = []
    let ended = false
    const work = async (item: number): Promise<void> => {
      begun.push(item)
      if (item === 1) throw new Error('first')
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
      ended = true
    }
    await expect(inParallel([0, 1, 2, 3], 2, work)).rejects.toThrow('first')
    expect([begun, ended]).toEqual([[0, 1], true])
  })
})
