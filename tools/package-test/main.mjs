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
  const packed = await Promise.all(['core', 'testing', 'adapter-rabbitmq'].map((name) => pack(name, project)))
  for (const one of packed) console.log(`${one.name}: ${kB(one.size)} packed, ${one.files.length} files`)
  await install(project, [...packed, await packDependency('amqplib', project)])
  await checkManifest(project, '@sluice/core', [])
  await checkManifest(project, '@sluice/testing', ['@sluice/core'])
  await checkManifest(project, '@sluice/adapter-rabbitmq', ['@sluice/core'], ['amqplib'])
  for (const program of ['imports.mjs', 'requires.cjs', 'refused.mjs']) console.log(await runProgram(project, program))
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
