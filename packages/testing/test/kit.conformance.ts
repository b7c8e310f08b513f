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

for (const like of ['queue', 'log'] as const) {
  registerKit(runner, () => memoryHarness({ like }), { title: `conformance of memory like ${like}` })
}
