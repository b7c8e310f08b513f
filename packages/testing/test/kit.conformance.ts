import { afterAll, describe, test } from 'vitest'
import { registerKit } from '../src/register-kit.js'
import type { Runner } from '../src/runner.js'
import { memoryHarness } from '../src/harness/memory.js'

const runner: Runner = {
  test(name, { timeoutMs }, run) {
    test(name, { timeout: timeoutMs }, ({ skip }) => run((reason) => skip(reason)))
  },
  after: (run) => afterAll(run),
  describe: (name, register) => describe(name, register),
}

/** The other behaviour runs under Node's own runner: each runs once, and both runners are shown to work. */
registerKit(runner, () => memoryHarness({ like: 'queue' }), { title: 'conformance of memory like queue' })
