/** The folders and files of core, top to bottom: each may import what stands below it, nothing above. */
const layers = {
  index: 'index[.]ts$',
  'spi-entry': 'spi[.]ts$',
  'lazy-entry': '(create-messaging|connect)[.]ts$',
  config: 'config/',
  messaging: '(messaging[^/]*|close-on-signals)[.]ts$',
  admin: 'admin/',
  publish: 'publish/',
  consume: 'consume/',
  failure: 'failure/',
  builtin: 'builtin/',
  spi: 'spi/',
  kit: 'kit/',
  model: 'model/',
  errors: 'errors/',
}
const core = '^packages/core/src/'

const names = Object.keys(layers)
const patterns = Object.values(layers)
const downward = names.slice(1).map((name, above) => ({
  name: `core-downward-${name}`,
  comment: `Inside core, imports point downward: ${names.join(', ')}.`,
  severity: 'error',
  from: { path: `${core}${layers[name]}` },
  to: { path: `${core}(${patterns.slice(0, above + 1).join('|')})` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...downward,
    {
      name: 'core-memory',
      comment: 'The memory adapter is written like any other adapter: on the SPI and what lies under it.',
      severity: 'error',
      from: { path: `${core}memory/` },
      to: { path: core, pathNot: `${core}(memory|spi|kit|model|errors)/` },
    },
    {
      name: 'core-without-memory',
      comment: 'Core knows no adapter. Only what finds an adapter by its URL may load the memory adapter.',
      severity: 'error',
      from: { path: core, pathNot: `${core}(memory|config)/` },
      to: { path: `${core}memory/` },
    },
    {
      name: 'core-every-file-has-a-layer',
      comment: 'A new folder of core needs its place in the order above.',
      severity: 'error',
      from: { path: core },
      to: { path: core, pathNot: `${core}(${[...patterns, 'memory/'].join('|')})` },
    },
    {
      name: 'core-stands-alone',
      comment: 'Core imports itself and Node. No client library, no adapter, no plugin.',
      severity: 'error',
      from: { path: core },
      to: { pathNot: core, dependencyTypesNot: ['core'], couldNotResolve: false },
    },
    {
      name: 'testing-runner-is-injected',
      comment: 'The kit runs under any test runner: it is handed describe and it, it imports neither.',
      severity: 'error',
      from: { path: '^packages/testing/src/', pathNot: '^packages/testing/src/cli/' },
      to: { path: ['node_modules/vitest/', '^vitest', '^(node:)?test$', '^tools/'] },
    },
    {
      name: 'packages-by-name',
      comment: 'A package is imported by its name and public entries, never by a path into its folder.',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: { path: '^(packages|examples)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'examples-are-leaves',
      comment: 'Packages do not know the examples.',
      severity: 'error',
      from: { path: '^(packages|tools)/' },
      to: { path: '^examples/' },
    },
    {
      name: 'conformance-is-a-leaf',
      comment: 'What runs the kit against every adapter is known to none of them.',
      severity: 'error',
      from: { pathNot: '^conformance/' },
      to: { path: '^conformance/' },
    },
    {
      name: 'testing-knows-no-adapter',
      comment: 'The kit is for any adapter: whoever uses it brings the harness.',
      severity: 'error',
      from: { path: '^packages/testing/' },
      to: { path: ['^packages/adapter-', '^tools/brokers/'] },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'What is published imports no test.',
      severity: 'error',
      from: { path: '^(packages|examples)/[^/]+/src/' },
      to: { path: '^(packages|examples)/[^/]+/test/' },
    },
    {
      name: 'no-cycles',
      comment:
        'Two files that need each other when they run are one file, or hide a third. Types that name each other are no cycle, and only happen inside one folder.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    exclude: { path: ['^packages/[^/]+/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sluice/source', 'import', 'require', 'node', 'types', 'default'],
      extensions: ['.ts', '.mts', '.mjs', '.js', '.cjs', '.d.ts'],
    },
  },
}
