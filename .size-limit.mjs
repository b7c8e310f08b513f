/**
 * What is loaded later (`import()`) is counted by itself: importing the main entry defines topics and handlers, connecting
 * loads the engine, and configuration, administration and the memory broker come on top of it.
 *
 * @param {RegExp} [apart] files that do not count
 * @returns {import('esbuild').Plugin}
 */
const leaveOut = (apart) => ({
  name: 'leave-out',
  setup(bundler) {
    bundler.onResolve({ filter: /^[.]{1,2}\// }, ({ path, kind }) =>
      kind === 'dynamic-import' || apart?.test(path) === true ? { path, external: true } : undefined,
    )
  },
})

/**
 * @param {RegExp} [apart]
 * @returns {(config: import('esbuild').BuildOptions) => import('esbuild').BuildOptions}
 */
const withPlugin = (apart) => (config) => ({
  ...config,
  platform: 'node',
  plugins: [...(config.plugins ?? []), leaveOut(apart)],
})

export default [
  {
    name: '@sluice/core: the main entry',
    path: 'packages/core/src/index.ts',
    import: '*',
    limit: '25 kB',
    gzip: true,
    modifyEsbuildConfig: withPlugin(),
  },
  {
    name: '@sluice/core: the engine that connecting loads, without administration',
    path: 'packages/core/src/messaging.ts',
    import: '*',
    limit: '34 kB',
    gzip: true,
    modifyEsbuildConfig: withPlugin(/^[.]{1,2}\/admin\//),
  },
]
