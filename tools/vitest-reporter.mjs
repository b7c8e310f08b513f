/** @import { Reporter, TestModule } from 'vitest/node' */
import { reportCounts } from './counts.mjs'

/**
 * Counts the tests of a vitest run. What went wrong outside a test counts as a failure too, so that no run with an
 * error looks green.
 *
 * @implements {Reporter}
 */
export default class CountsReporter {
  /**
   * @param {ReadonlyArray<TestModule>} modules
   * @param {ReadonlyArray<unknown>} errors
   */
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    /** @type {Record<string, number>} */
    const parts = {}
    for (const module of modules) {
      let failedTests = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') counts.passed += 1
        else if (state === 'skipped') counts.skipped += 1
        else failedTests += 1
        parts[module.project.name] = (parts[module.project.name] ?? 0) + 1
      }
      counts.failed += failedTests
      if (failedTests === 0 && module.state() === 'failed') counts.failed += 1
    }
    reportCounts({ counts, parts })
  }
}
