import { pathToFileURL } from 'node:url'
import { compileFunction, constants } from 'node:vm'

type Module = Readonly<Record<string, unknown>>

/**
 * Imports a file that exists. In the CommonJS build `import()` becomes `require`, which knows no URLs and cannot load an ES module that
 * awaits something at its top level. The way that always works comes last, because older versions of Node warn of it.
 */
export async function importFile(path: string): Promise<Module> {
  const { href } = pathToFileURL(path)
  try {
    return (await import(/* @vite-ignore */ href)) as Module
  } catch (error) {
    if (!isRequired(error, href)) throw error
  }
  try {
    return (await import(/* @vite-ignore */ path)) as Module
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code !== 'ERR_REQUIRE_ESM' && code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
  }
  const options = { filename: path, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }
  const load = compileFunction('return import(href)', ['href'], options) as (href: string) => Promise<Module>
  return load(href)
}

/** `require` does not find a URL, where `import()` would not find a file. */
function isRequired(error: unknown, href: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return code === 'MODULE_NOT_FOUND' && String(message).includes(href)
}
