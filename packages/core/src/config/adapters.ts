import { createRequire } from 'node:module'
import { join } from 'node:path'
import { SluiceError } from '../errors/sluice-error.js'
import type { AdapterFactory } from '../spi/adapter-factory.js'
import { importFile } from './import-file.js'

/** Loads a package by its name, from where the application stands. */
export type LoadPackage = (name: string) => Promise<Readonly<Record<string, unknown>>>

/** How an adapter is had. Two schemes of one adapter have the same source. */
export interface AdapterSource {
  load(): Promise<AdapterFactory>
}

const packages = [
  { name: '@sluice/adapter-rabbitmq', schemes: ['amqp', 'amqps'] },
  { name: '@sluice/adapter-kafka', schemes: ['kafka'] },
] as const

/**
 * Adapters by URL scheme. One that is given takes the place of the one that Sluice would find.
 * @throws SluiceError DUPLICATE_ADAPTER, INVALID_OPTION
 */
export function adapterSources(given: readonly unknown[], load: LoadPackage): ReadonlyMap<string, AdapterSource> {
  const sources = new Map<string, AdapterSource>([['memory', { load: loadMemory }]])
  for (const { name, schemes } of packages) {
    const source: AdapterSource = { load: () => loadAdapter(name, load) }
    for (const scheme of schemes) sources.set(scheme, source)
  }
  const taken = new Set<string>()
  given.forEach((factory, index) => {
    const field = `adapters[${index}]`
    if (!isFactory(factory)) {
      throw new SluiceError('INVALID_OPTION', `${field} must have schemes (lower case, without colon) and fromUrl`, {
        field,
      })
    }
    const source: AdapterSource = { load: () => Promise.resolve(factory) }
    for (const scheme of factory.schemes) {
      if (taken.has(scheme)) {
        throw new SluiceError('DUPLICATE_ADAPTER', `two of the given adapters are for ${scheme}: URLs`, { field })
      }
      taken.add(scheme)
      sources.set(scheme, source)
    }
  })
  return sources
}

/** @throws SluiceError INVALID_CONFIGURATION, UNKNOWN_SCHEME */
export function sourceFor(url: string, sources: ReadonlyMap<string, AdapterSource>): AdapterSource {
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const known = [...sources.keys()].map((one) => `${one}:`).join(', ')
  if (scheme === undefined) {
    // Not shown: without a scheme it may be anything, a password too.
    throw new SluiceError('INVALID_CONFIGURATION', `url must begin with a scheme. Known: ${known}`, { field: 'url' })
  }
  const source = sources.get(scheme)
  if (source !== undefined) return source
  const text = `no adapter is known for ${scheme}: URLs. Known: ${known}. Pass others as adapters: [ … ]`
  throw new SluiceError('UNKNOWN_SCHEME', text, { field: 'url' })
}

/** The first way finds what is installed beside Sluice, the second what only the application can see. */
export async function loadPackage(name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ name)) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (!isMissing(error, name)) throw error
    return importFile(createRequire(join(process.cwd(), 'package.json')).resolve(name))
  }
}

/** Loaded on demand, so that a program with a broker does not carry it. */
async function loadMemory(): Promise<AdapterFactory> {
  const { memory, parseMemoryUrl } = await import('../memory/index.js')
  return { schemes: ['memory'], fromUrl: (url, options) => memory({ ...parseMemoryUrl(url), ...options }) }
}

async function loadAdapter(name: string, load: LoadPackage): Promise<AdapterFactory> {
  let found: Readonly<Record<string, unknown>>
  try {
    found = await load(name)
  } catch (cause) {
    if (isMissing(cause, name)) {
      const text = `the URL needs the package ${name}, which is not installed. Run:\n\nnpm install ${name}\n`
      throw new SluiceError('ADAPTER_MISSING', text, { field: 'url' })
    }
    const text = `${name} is installed and cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new SluiceError('INTERNAL', text, { field: 'url', cause })
  }
  const factory = found['adapterFactory']
  if (isFactory(factory)) return factory
  throw new SluiceError(
    'INTERNAL',
    `${name} exports no adapterFactory: its version does not fit this version of @sluice/core`,
    { field: 'url' },
  )
}

/** The package itself, and not one that it needs in turn. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false
  return String(message).includes(`'${name}'`)
}

function isFactory(value: unknown): value is AdapterFactory {
  if (typeof value !== 'object' || value === null) return false
  const { schemes, fromUrl } = value as Readonly<Record<string, unknown>>
  if (typeof fromUrl !== 'function' || !Array.isArray(schemes) || schemes.length === 0) return false
  return schemes.every((scheme) => typeof scheme === 'string' && /^[a-z][a-z\d+.-]*$/.test(scheme))
}
