import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { build } from 'esbuild'
import { root } from './root.mjs'

/**
 * One change of a source text, for a run with a fault put in on purpose.
 *
 * @typedef {object} Replacement
 * @property {string} file the source file, relative to the root of the repository
 * @property {string} find the text to take out; it has to occur exactly once in that file
 * @property {string} replacement the text to put in
 */

/**
 * @typedef {object} BundleOptions
 * @property {string} entry the TypeScript file to start from, absolute or relative to the root of the repository
 * @property {string} [outfile] where the bundle goes; by default a file in the cache whose name follows its content
 * @property {readonly Replacement[]} [replace] changes of the sources, made on the way in; files on disk stay as they are
 */

/**
 * `connect` looks for the package of an adapter where the program runs, which in this repository is not built: a program gets the sources.
 *
 * @type {Replacement}
 */
const adaptersInside = {
  file: 'packages/core/src/config/adapters.ts',
  find: 'await import(/* @vite-ignore */ name)',
  replacement: `await ({
    '@sluice/adapter-kafka': () => import('@sluice/adapter-kafka'),
    '@sluice/adapter-rabbitmq': () => import('@sluice/adapter-rabbitmq'),
  }[name]?.() ?? import(name))`,
}

const cache = join(root, 'node_modules', '.cache', 'sluice')
const dayMs = 24 * 60 * 60 * 1000

/**
 * Turns a TypeScript program of this repository into one ES module that plain Node runs. Sluice's own packages are
 * taken from their sources, every other package stays an import.
 *
 * @param {BundleOptions} options
 * @returns {Promise<string>} the path of the bundle
 * @throws {Error} when a source does not compile, or a replacement does not fit exactly once
 */
export async function bundle({ entry, outfile, replace = [] }) {
  const changes = await prepareChanges([adaptersInside, ...replace])
  const applied = new Set()
  const result = await build({
    absWorkingDir: root,
    entryPoints: [resolve(root, entry)],
    // Also when it is not written there: the paths in the source map are relative to it.
    outfile: outfile ?? join(cache, 'bundle.mjs'),
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    conditions: ['@sluice/source'],
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [keepPackagesOutside, applyChanges(changes, applied)],
  })

  const wanted = new Set(replace.map(({ file }) => resolve(root, file)))
  const unused = [...changes.keys()].filter((path) => wanted.has(path) && !applied.has(path))
  if (unused.length > 0) {
    throw new Error(`${toRepositoryPath(unused[0] ?? '')} is to be changed, but ${entry} does not use it`)
  }

  const output = result.outputFiles[0]
  if (output === undefined) throw new Error(`${entry} gave no output`)
  if (outfile !== undefined) {
    await mkdir(dirname(resolve(root, outfile)), { recursive: true })
    await writeFile(resolve(root, outfile), output.contents)
    return resolve(root, outfile)
  }
  return writeToCache(entry, output.contents)
}

/** @type {import('esbuild').Plugin} */
const keepPackagesOutside = {
  name: 'keep-packages-outside',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point' || path.startsWith('@sluice/')) return undefined
      return { path, external: true }
    })
  },
}

/**
 * @param {ReadonlyMap<string, string>} changes
 * @param {Set<string>} applied
 * @returns {import('esbuild').Plugin}
 */
function applyChanges(changes, applied) {
  return {
    name: 'apply-changes',
    setup(bundler) {
      if (changes.size === 0) return
      bundler.onLoad({ filter: /\.m?ts$/ }, ({ path }) => {
        const contents = changes.get(path)
        if (contents === undefined) return undefined
        applied.add(path)
        return { contents, loader: 'ts' }
      })
    },
  }
}

/**
 * @param {readonly Replacement[]} replace
 * @returns {Promise<Map<string, string>>} the changed text of every file, by absolute path
 */
async function prepareChanges(replace) {
  /** @type {Map<string, string>} */
  const changes = new Map()
  for (const { file, find, replacement } of replace) {
    const path = resolve(root, file)
    const source = changes.get(path) ?? (await readFile(path, 'utf8'))
    const parts = source.split(find)
    if (find === '' || parts.length !== 2) {
      const times = find === '' ? 'is empty' : `occurs ${String(parts.length - 1)} times`
      throw new Error(`The text to replace in ${file} ${times}, it has to occur exactly once: ${JSON.stringify(find)}`)
    }
    changes.set(path, parts.join(replacement))
  }
  return changes
}

/**
 * @param {string} entry
 * @param {Uint8Array} contents
 * @returns {Promise<string>}
 */
async function writeToCache(entry, contents) {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12)
  const path = join(cache, `${basename(entry, extname(entry))}-${hash}.mjs`)
  await mkdir(cache, { recursive: true })
  await removeOld()
  // Several runs may write the same bundle at once; none may see half of it.
  const draft = `${path}.${String(process.pid)}`
  await writeFile(draft, contents)
  await rename(draft, path)
  return path
}

/** Bundles of a day ago belong to no run that still goes on. */
async function removeOld() {
  const names = await readdir(cache)
  for (const name of names) {
    const path = join(cache, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > dayMs) await rm(path, { force: true, recursive: true })
  }
}

/**
 * @param {string} path
 * @returns {string}
 */
function toRepositoryPath(path) {
  return relative(root, path).split(sep).join('/')
}
