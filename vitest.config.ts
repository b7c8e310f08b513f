import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// The packages are tested from their sources: no build has to run first.
const resolve = { conditions: ['@sluice/source', ...defaultClientConditions] }
// What is waited for comes in milliseconds, but not on a machine that is busy: this ends what hangs, and judges no speed.
const patient = { expect: { poll: { timeout: 30_000 } } }
const ssr = { resolve: { conditions: ['@sluice/source', ...defaultServerConditions] } }

export default defineConfig({
  resolve,
  ssr,
  test: {
    // A test that fails is a finding, so nothing is ever run a second time.
    retry: 0,
    reporters: ['default', './tools/vitest-reporter.mjs'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          environment: 'node',
          ...patient,
          include: [
            'packages/*/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'conformance/test/**/*.test.ts',
            'bench/test/**/*.test.ts',
            'tools/*.test.ts',
          ],
          exclude: ['packages/*/test/broker/**', 'conformance/test/broker/**'],
          // It ends what hangs, and judges no speed: a busy machine takes ten times as long as a quiet one.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'brokers',
          environment: 'node',
          ...patient,
          include: [
            'tools/brokers/test/**/*.test.ts',
            'packages/*/test/broker/**/*.test.ts',
            'conformance/test/broker/**/*.test.ts',
          ],
          // Each file starts brokers of its own, which takes seconds and a core.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'conformance',
          environment: 'node',
          include: ['packages/*/test/**/*.conformance.ts', 'conformance/test/**/*.conformance.ts'],
          // Some tests bound times and memory, and no other file may take the machine from them.
          fileParallelism: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'types',
          environment: 'node',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
    ],
  },
})
