import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../root.mjs'
import { execute } from './execute.mjs'

/** Ways to look for modules, each with the forms of a program that it knows. */
const ways = [
  { moduleResolution: 'node16', module: 'node16', files: ['types.mts', 'types.cts'] },
  { moduleResolution: 'nodenext', module: 'nodenext', files: ['types.mts', 'types.cts'] },
  { moduleResolution: 'bundler', module: 'esnext', files: ['types.ts'] },
]

/**
 * Type-checks a program against the declarations of the installed packages, which are checked with it.
 *
 * @param {string} project
 * @returns {AsyncGenerator<string, void, undefined>} what was checked
 */
export async function* checkTypes(project) {
  for (const name of ['types.ts', 'types.mts', 'types.cts'])
    await copyFile(join(root, 'tools', 'package-test', 'programs', 'types.ts'), join(project, name))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  for (const { files, ...way } of ways) {
    for (const exactOptionalPropertyTypes of [true, false]) {
      const compilerOptions = {
        ...way,
        exactOptionalPropertyTypes,
        ...{ target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, noUncheckedIndexedAccess: true },
        ...{ types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] },
      }
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      await execute(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: project })
      const exact = exactOptionalPropertyTypes ? 'with' : 'without'
      yield `moduleResolution ${way.moduleResolution}: ${files.join(', ')} strict, ${exact} exactOptionalPropertyTypes`
    }
  }
}
