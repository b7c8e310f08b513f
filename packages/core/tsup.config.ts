import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    memory: 'src/memory/index.ts',
    spi: 'src/spi.ts',
    config: 'src/config/index.ts',
  },
  format: ['esm'],
  // CommonJS is made of these files afterwards. The entries share their code in both forms, so that a class is the
  // same class whichever entry it came from.
  splitting: true,
  platform: 'node',
  removeNodeProtocol: false,
  target: 'node20.19',
  sourcemap: true,
  clean: true,
  // The declaration build sets `baseUrl`, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
})
