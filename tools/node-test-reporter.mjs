import { describeCounts, describeFailure } from './counts.mjs'

/**
 * Counts the tests of a `node:test` run and names those that failed.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 * @returns {AsyncGenerator<string, void>}
 */
export default async function* countTests(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const failures = []
  for await (const event of events) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    if (event.data.details.type === 'suite') continue
    if (event.data.skip !== undefined || event.data.todo !== undefined) counts.skipped += 1
    else if (event.type === 'test:pass') counts.passed += 1
    else {
      counts.failed += 1
      const { error } = event.data.details
      failures.push(describeFailure(event.data.name, (error.cause instanceof Error ? error.cause : error).message))
    }
  }
  for (const failure of failures) yield `${failure}\n`
  yield `${describeCounts(counts)}\n`
}
