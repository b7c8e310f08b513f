/**
 * Adds the CommonJS form to a package that was just built as ES modules, file by file: `dist/x.js` gets a `dist/x.cjs`,
 * `dist/x.d.ts` a `dist/x.d.cts`. The files keep sharing their code, and the code keeps its syntax: the bundler's own
 * way to split CommonJS rewrites classes and `?.` into slow helpers.
 *
 *     node ../../tools/commonjs.mjs      in the folder of a package
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const dist = join(process.cwd(), 'dist')
const names = await readdir(dist)
await build({
  entryPoints: names.filter((name) => name.endsWith('.js')).map((name) => join(dist, name)),
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  sourcemap: true,
  logLevel: 'warning',
  plugins: [
    {
      name: 'keep-files-apart',
      setup(bundler) {
        bundler.onResolve({ filter: /.*/ }, ({ path, kind }) => {
          if (kind === 'entry-point') return undefined
          return { path: path.startsWith('.') ? path.replace(/\.js$/, '.cjs') : path, external: true }
        })
      },
    },
  ],
})

for (const name of names.filter((one) => one.endsWith('.d.ts'))) {
  const text = await readFile(join(dist, name), 'utf8')
  const changed = text.replaceAll(/(\bfrom |\bimport\(|\bimport )(['"])(\.[^'"]*)\.js\2/g, '$1$2$3.cjs$2')
  await writeFile(join(dist, name.replace(/\.d\.ts$/, '.d.cts')), changed)
}
