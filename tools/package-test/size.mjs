import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** In kB of 1000 bytes. */
const limitKB = 25

/**
 * Bundles what was installed as a user's bundler would.
 *
 * @param {string} project
 * @returns {Promise<readonly string[]>} what was measured
 * @throws {Error} when the main entry is too large
 */
export async function measureSize(project) {
  const alone = await bundledKB(project, `export * from '@sluice/core'`, true)
  const connected = await bundledKB(project, `export * from '@sluice/core'`, false)
  if (alone >= limitKB)
    throw new Error(`the main entry is ${alone.toFixed(2)} kB minified and gzipped, not below ${limitKB}`)
  return [
    `size of the main entry: ${alone.toFixed(2)} kB minified and gzipped, below ${limitKB}`,
    `size of everything that it may ever load, memory broker and configuration too: ${connected.toFixed(2)} kB`,
  ]
}

/**
 * @param {string} project
 * @param {string} contents
 * @param {boolean} lazyApart whether what is loaded later stays outside
 * @returns {Promise<number>}
 */
async function bundledKB(project, contents, lazyApart) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project },
    outfile: join(project, 'bundle.js'),
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'node', logLevel: 'silent' },
    plugins: [
      {
        name: 'lazy-apart',
        setup(bundler) {
          bundler.onResolve({ filter: /^[.]/ }, ({ path, kind }) =>
            lazyApart && kind === 'dynamic-import' ? { path, external: true } : undefined,
          )
        },
      },
    ],
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('the bundler gave no output')
  return gzipSync(output.contents, { level: 9 }).length / 1000
}
