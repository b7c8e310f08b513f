/** The test runner that the kit is handed. Adapters for vitest and node:test are a few lines each. */
export interface Runner {
  /** Registers one test. `skip` marks it as skipped with a reason; the promise may resolve or reject after it, both are ignored. */
  test(name: string, options: RunnerTestOptions, run: (skip: (reason: string) => void) => Promise<void>): void
  /** Registers code that runs once after all tests. */
  after(run: () => Promise<void>): void
  /** Groups the tests that `register` registers. @default not grouped */
  describe?(name: string, register: () => void): void
}

export interface RunnerTestOptions {
  /** Longest time that the test may take, in ms. */
  readonly timeoutMs: number
}
