import { after, describe, test } from 'node:test'
import { memoryHarness } from '../src/harness/memory.js'
import { registerKit } from '../src/register-kit.js'
import type { Runner } from '../src/runner.js'

const runner: Runner = {
  test(name, { timeoutMs }, run) {
    void test(name, { timeout: timeoutMs }, (context) => run((reason) => context.skip(reason)))
  },
  after: (run) => after(run),
  describe(name, register) {
    void describe(name, register)
  },
}

/** The other behaviour runs under vitest: each runs once, and both runners are shown to work. */
registerKit(runner, () => memoryHarness({ like: 'log' }), { title: 'conformance of memory like log' })
