/** @type {import('esbuild').Plugin} */
const apart = {
  name: 'apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^[.]{1,2}\/(admin|config|memory)\// }, ({ path }) => ({ path, external: true }))
  },
}

export default [
  {
    name: '@sluice/core: publishing and consuming, with memory, config and admin apart',
    path: 'packages/core/src/index.ts',
    import: '*',
    limit: '25 kB',
    gzip: true,
    modifyEsbuildConfig: (/** @type {import('esbuild').BuildOptions} */ config) => ({
      ...config,
      platform: 'node',
      plugins: [...(config.plugins ?? []), apart],
    }),
  },
]
