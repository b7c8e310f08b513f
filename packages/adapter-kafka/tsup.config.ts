import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
  },
  format: ['esm'],
  // CommonJS is made of these files afterwards.
  platform: 'node',
  removeNodeProtocol: false,
  target: 'node20.19',
  sourcemap: true,
  clean: true,
  // The declaration build sets `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
})
