import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// The packages are tested from their sources: no build has to run first.
const resolve = { conditions: ['@sluice/source', ...defaultClientConditions] }
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
          include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/*.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'conformance',
          environment: 'node',
          include: ['packages/*/test/**/*.conformance.ts'],
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
