import type { Options } from 'tsup'

/** How every package is built. */
export const library = (entry: Readonly<Record<string, string>>): Options => ({
  entry: { ...entry },
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
