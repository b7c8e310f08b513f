/** @import { Reporter, TestModule } from 'vitest/node' */
import { describeFailure, reportCounts } from './counts.mjs'

/**
 * Counts the tests of a vitest run. What went wrong outside a test counts as a failure too, so that no run with an
 * error looks green.
 *
 * @implements {Reporter}
 */
export default class CountsReporter {
  /**
   * @param {ReadonlyArray<TestModule>} modules
   * @param {ReadonlyArray<{ readonly message: string }>} errors
   */
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    /** @type {Record<string, number>} */
    const parts = {}
    const failures = errors.map(({ message }) => describeFailure('outside a test', message))
    for (const module of modules) {
      let failedTests = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') counts.passed += 1
        else if (state === 'skipped') counts.skipped += 1
        else {
          failedTests += 1
          failures.push(
            describeFailure(`${module.relativeModuleId} > ${test.fullName}`, test.result().errors?.[0]?.message),
          )
        }
        parts[module.project.name] = (parts[module.project.name] ?? 0) + 1
      }
      counts.failed += failedTests
      if (failedTests === 0 && module.state() === 'failed') {
        counts.failed += 1
        failures.push(describeFailure(module.relativeModuleId, module.errors()[0]?.message))
      }
    }
    reportCounts({ counts, parts, failures })
  }
}
