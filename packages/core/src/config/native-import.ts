import { join } from 'node:path'
import { compileFunction, constants } from 'node:vm'

/**
 * Imports as a module in `directory` would. Compiled apart, because in the CommonJS build an ordinary `import()` becomes `require`,
 * which can load neither every ES module nor what only the application has installed.
 */
export async function nativeImport(specifier: string, directory: string): Promise<Readonly<Record<string, unknown>>> {
  const load = compileFunction('return import(specifier)', ['specifier'], {
    filename: join(directory, 'sluice.config'),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as (specifier: string) => Promise<Readonly<Record<string, unknown>>>
  return load(specifier)
}
