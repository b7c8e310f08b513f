import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSluiceError, SluiceError } from '../errors/sluice-error.js'
import { checkConfig, type SluiceConfig } from './connect-options.js'
import { importFile } from './import-file.js'
import { withoutSecrets } from './without-secrets.js'

const names = ['js', 'mjs', 'cjs', 'json', 'ts', 'mts'].map((extension) => `sluice.config.${extension}`)

export interface ConfigFile {
  readonly name: string
  readonly config: SluiceConfig
}

/**
 * The configuration file of a directory; `undefined` when there is none.
 * @throws SluiceError INVALID_CONFIGURATION, UNKNOWN_OPTION or INVALID_OPTION
 */
export async function loadConfigFile(directory: string): Promise<ConfigFile | undefined> {
  const found: string[] = []
  for (const name of names) if (await exists(join(directory, name))) found.push(name)
  const [name, second] = found
  if (name === undefined) return undefined
  if (second !== undefined)
    throw wrong(name, `stands beside ${second}: keep one of them, or pass the configuration to connect()`)
  const config = name.endsWith('.json') ? await readJson(directory, name) : await importModule(directory, name)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw wrong(
      name,
      name.endsWith('.json')
        ? 'must hold an object'
        : 'must have an object as its default export: export default defineConfig({ … })',
    )
  }
  checkConfig(name, config)
  return { name, config }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** What the parser says quotes the file, passwords and all, so only the place is told. */
async function readJson(directory: string, name: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(join(directory, name), 'utf8')
  } catch (error) {
    throw wrong(name, `cannot be read: ${(error as { readonly code?: string }).code ?? 'unknown reason'}`)
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1]
    const place = position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`
    throw wrong(name, `is not valid JSON${place}`)
  }
}

async function importModule(directory: string, name: string): Promise<unknown> {
  try {
    const module = await importFile(join(directory, name))
    return unwrap(module['default'])
  } catch (error) {
    if (isSluiceError(error)) throw error
    if (name.endsWith('ts') && (error as { readonly code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw wrong(
        name,
        'needs a runtime that reads TypeScript: start the program with a loader (node --import tsx), or use sluice.config.js',
      )
    }
    const { message } = withoutSecrets(error, [], 'INVALID_CONFIGURATION')
    throw wrong(name, `failed when it was loaded: ${message.replace(/^INVALID_CONFIGURATION: /, '')}`, error)
  }
}

/** A CommonJS file that was compiled from an ES module keeps its default export in a field. */
function unwrap(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null || !('__esModule' in exported)) return exported
  return (exported as { readonly default?: unknown }).default
}

function wrong(name: string, text: string, cause?: unknown): SluiceError {
  return new SluiceError('INVALID_CONFIGURATION', `${name} ${text}`, { field: name, cause })
}
