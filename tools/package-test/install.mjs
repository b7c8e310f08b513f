import { existsSync } from 'node:fs'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { execute } from './execute.mjs'

/**
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} filename
 * @property {number} size in bytes
 * @property {readonly { path: string }[]} files
 */

/**
 * Packs a package that was built.
 *
 * @param {string} name of its folder
 * @param {string} destination
 * @returns {Promise<Packed>}
 */
export async function pack(name, destination) {
  const cwd = join(root, 'packages', name)
  // The last file of a build.
  await access(join(cwd, 'dist', 'index.d.cts')).catch(() => {
    throw new Error(`packages/${name} is not built: run npm run build first`)
  })
  const output = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd,
  })
  /** @type {Packed[] | Record<string, Packed>} */
  const reported = JSON.parse(output)
  const [packed] = Object.values(reported)
  if (packed === undefined) throw new Error(`npm pack said nothing about packages/${name}`)
  const strange = packed.files.filter(({ path }) => !/^(dist\/|package\.json$|README|LICENSE)/.test(path))
  if (strange.length > 0) throw new Error(`${packed.name} carries ${strange.map(({ path }) => path).join(', ')}`)
  return packed
}

/**
 * Packs what a package depends on, as it is installed here: the empty project has no registry to ask.
 *
 * @param {string} name
 * @param {string} destination
 * @returns {Promise<Packed>}
 */
export async function packDependency(name, destination) {
  const cwd = join(root, 'node_modules', name)
  const output = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination], {
    cwd,
  })
  /** @type {Packed[] | Record<string, Packed>} */
  const reported = JSON.parse(output)
  const [packed] = Object.values(reported)
  if (packed === undefined) throw new Error(`npm pack said nothing about ${name}`)
  return packed
}

/**
 * Installs them into a project, which is empty the first time. Whatever is missing in the packages would be asked of a registry, and there is none.
 *
 * @param {string} project
 * @param {readonly Packed[]} packed
 */
export async function install(project, packed) {
  const manifest = join(project, 'package.json')
  if (!existsSync(manifest)) {
    await writeFile(manifest, JSON.stringify({ name: 'project', private: true, type: 'commonjs' }))
  }
  const files = packed.map(({ filename }) => join(project, filename))
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts']
  await execute('npm', ['install', '--offline', ...quiet, ...files], { cwd: project })
}

/**
 * @param {string} project
 * @param {string} name
 * @param {readonly string[]} peers the packages that it may expect beside it
 * @param {readonly string[]} [wanted] the packages that it may depend on
 */
export async function checkManifest(project, name, peers, wanted = []) {
  const text = await readFile(join(project, 'node_modules', name, 'package.json'), 'utf8')
  /** @type {Record<string, unknown>} */
  const manifest = JSON.parse(text)
  for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'bundledDependencies']) {
    const found = Object.keys(manifest[field] ?? {}).filter((one) => field !== 'dependencies' || !wanted.includes(one))
    if (found.length > 0) throw new Error(`${name} has ${field}: ${found.join(', ')}`)
  }
  const found = Object.keys(manifest['peerDependencies'] ?? {})
  if (found.join() !== peers.join()) throw new Error(`${name} has the peer dependencies ${found.join(', ')}`)
  console.log(
    `${name}: ${wanted.length === 0 ? 'no dependencies' : `depends on ${wanted.join(', ')}`}${peers.length === 0 ? '' : `, expects ${peers.join(', ')} beside it`}`,
  )
}
