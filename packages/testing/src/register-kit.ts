import { conformance } from './conformance/index.js'
import type { Conformance } from './define-conformance.js'
import type { Harness, HarnessFactory } from './harness.js'
import { formatResult } from './result.js'
import { runOne, type RunOptions } from './run-one.js'
import type { Runner } from './runner.js'

export interface RegisterOptions extends RunOptions {
  /** Title of the group of tests. */
  readonly title: string
  /** The tests to register. @default the whole kit */
  readonly tests?: readonly Conformance[]
  /** The one of the harness, which is made too late to be asked. @default 1 */
  readonly timeFactor?: number
  /** Called with one line per test. @default `console.log` */
  readonly log?: (line: string) => void
}

/** What the time limit of the runner leaves for clean-up beyond the limit of the test itself. */
const graceMs = 15_000

/** Registers every test of the kit with a test runner, by id. The harness is made before the first and closed after the last. */
export function registerKit(runner: Runner, createHarness: HarnessFactory, options: RegisterOptions): void {
  const { title, tests = conformance, log = console.log, long = false, timeFactor = 1 } = options
  let harness: Promise<Harness> | undefined
  const register = (): void => {
    for (const test of tests) {
      const timeoutMs = ((long ? test.longTimeoutMs : test.timeoutMs) + graceMs) * timeFactor
      runner.test(`${test.name} ${test.line.title}`, { timeoutMs }, async (skip) => {
        const result = await runOne(test, await (harness ??= createHarness()), options)
        log(formatResult(result))
        if (result.status === 'skipped') skip(result.reason ?? 'no reason given')
        if (result.status === 'failed') throw new Error(result.reason)
      })
    }
    runner.after(async () => {
      await (await harness)?.close()
    })
  }
  if (runner.describe === undefined) register()
  else runner.describe(title, register)
}
