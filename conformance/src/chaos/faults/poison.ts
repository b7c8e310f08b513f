import { listDeadLetters } from '../dead-letters.js'
import { maxAttempts } from '../topics.js'
import { between, type FaultKind } from '../target.js'

/**
 * How often, and in which order, is the promise; how soon is not. Behind several hand-overs of a backlog its messages run one at a time (the
 * crash guard), and the poison stands behind them: 90 s were seen.
 */
const limitMs = 180_000

/**
 * F13: messages that no handler accepts, in the middle of the others. How often each was tried, where it lies in the end, and that its
 * neighbours come in their order, is judged from the histories.
 */
export const poison: FaultKind = {
  id: 'F13',
  title: 'poison messages',
  expectedMs: 3_000,
  weight: 4,
  async run(scene) {
    const { crew, watcher, problem } = scene
    const each = between(scene, 1, 4)
    const before = (await listDeadLetters(watcher)).length
    for (const publisher of crew.publishers) publisher.send({ kind: 'poison', messages: each })
    const wanted = before + each * crew.publishers.length
    const deadline = performance.now() + limitMs
    let found = before
    while (found < wanted && performance.now() < deadline) {
      await crew.until(() => false, 200)
      found = (await listDeadLetters(watcher)).length
    }
    if (found !== wanted) problem(`${found - before} of ${wanted - before} poison messages lie in the dead letters`)
    return `${wanted - before} messages that fail ${maxAttempts} times`
  },
}
