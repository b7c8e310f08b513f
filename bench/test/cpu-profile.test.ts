import { expect, test } from 'vitest'
import { selfTimes, type CpuProfile } from '../src/profile/cpu-profile.js'

const node = (id: number, functionName: string, url = ''): CpuProfile['nodes'][number] => ({
  id,
  callFrame: { functionName, url, lineNumber: 0 },
})

test('times of one function are summed over its places in the tree, and what is idle does not count', () => {
  const profile: CpuProfile = {
    nodes: [node(1, '(root)'), node(2, 'publish', 'a'), node(3, 'publish', 'b'), node(4, 'ack'), node(5, '(idle)')],
    samples: [1, 2, 3, 4, 5, 2],
    timeDeltas: [7, 10, 20, 50, 1_000, 20],
  }
  expect(selfTimes(profile, ({ functionName }) => functionName)).toEqual([
    { name: 'publish', micros: 50, share: 0.5 },
    { name: 'ack', micros: 50, share: 0.5 },
  ])
})
