/**
 * Tests the packages as a user gets them: packed, installed without a registry into an empty project, imported and
 * required, type-checked in each way that TypeScript looks for modules, and timed.
 *
 *     npm run build && npm run check:install
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkManifest, install, pack, packDependency } from './install.mjs'
import { measureImports } from './import-time.mjs'
import { measureSize } from './size.mjs'
import { runProgram } from './run-program.mjs'
import { checkTypes } from './type-check.mjs'

const project = await mkdtemp(join(tmpdir(), 'sluice-package-test-'))
try {
  const names = ['core', 'testing', 'adapter-rabbitmq', 'adapter-kafka']
  const packed = await Promise.all(names.map((name) => pack(name, project)))
  for (const one of packed) console.log(`${one.name}: ${kB(one.size)} packed, ${one.files.length} files`)
  // One adapter comes later: what is said while it is missing is tested as well.
  const isLate = (/** @type {{ name: string }} */ { name }) => name === '@sluice/adapter-kafka'
  const early = packed.filter((one) => !isLate(one))
  const late = packed.filter(isLate)
  await install(project, [...early, await packDependency('amqplib', project)])
  for (const program of ['requires.cjs', 'refused.mjs']) console.log(await runProgram(project, program))
  const needed = ['kafkajs', 'fzstd', 'lz4js', 'snappyjs']
  await install(project, [...late, ...(await Promise.all(needed.map((name) => packDependency(name, project))))])
  console.log(await runProgram(project, 'imports.mjs'))
  await checkManifest(project, '@sluice/core', [])
  await checkManifest(project, '@sluice/testing', ['@sluice/core'])
  await checkManifest(project, '@sluice/adapter-rabbitmq', ['@sluice/core'], ['amqplib'])
  await checkManifest(project, '@sluice/adapter-kafka', ['@sluice/core'], needed)
  for await (const line of checkTypes(project)) console.log(line)
  for (const line of await measureSize(project)) console.log(line)
  for (const line of await measureImports(project)) console.log(line)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await rm(project, { recursive: true, force: true })
}

/**
 * @param {number} bytes
 * @returns {string}
 */
function kB(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`
}
