import { after, describe, test } from 'node:test'
import { conformance } from '../src/conformance/index.js'
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

/** One group of ids is enough to show that the kit runs here: the whole of it runs under vitest and from the command line. */
const publishing = conformance.filter(({ id }) => id.startsWith('P'))

for (const like of ['queue', 'log'] as const) {
  registerKit(runner, () => memoryHarness({ like }), { title: `memory like ${like}`, tests: publishing })
}
