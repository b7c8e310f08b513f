import { checkKeys } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { commonOptionNames, resolveCommon } from '../messaging-check.js'
import { openMessaging } from '../messaging.js'
import type { Messaging } from '../messaging-handle.js'
import type { CommonOptions } from '../messaging-options.js'
import { adapterSources, sourceFor, type LoadPackage } from './adapters.js'
import { loadConfigFile } from './config-file.js'
import { checkConfig, type ConnectExtras, type ConnectOptions, type SluiceConfig } from './connect-options.js'
import { readEnvironment } from './environment.js'
import { secretsOf } from './mask.js'
import { withoutSecrets } from './without-secrets.js'

/** Where configuration comes from. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly load: LoadPackage
}

/** See `connect`; with its surroundings given. */
export async function connectIn(
  surroundings: Surroundings,
  target?: string | URL | ConnectOptions,
  options: ConnectExtras = {},
): Promise<Messaging> {
  const { url, adapterOptions, common, source } = await settle(surroundings, target, options)
  resolveCommon(common)
  const factory = await source.load()
  const secrets = secretsOf(url, adapterOptions)
  const adapter = attempt(
    () => factory.fromUrl(url, adapterOptions),
    (error) => withoutSecrets(error, secrets, 'INVALID_CONFIGURATION'),
  )
  try {
    return await openMessaging({ ...common, adapter })
  } catch (error) {
    throw withoutSecrets(error, secrets, 'INTERNAL')
  }
}

interface Settled {
  readonly url: string
  readonly adapterOptions: Readonly<Record<string, unknown>>
  readonly common: CommonOptions
  readonly source: ReturnType<typeof sourceFor>
}

async function settle(
  { env, directory, load }: Surroundings,
  target: string | URL | ConnectOptions | undefined,
  options: ConnectExtras,
): Promise<Settled> {
  checkKeys('options', options, [...commonOptionNames, 'adapters'])
  checkConfig('options', options)
  const passed = passedConfig(target)
  const environment = readEnvironment(env)
  const file = passed === undefined ? await loadConfigFile(directory) : undefined
  const url = passed?.url ?? environment.url ?? file?.config.url
  if (url === undefined) throw noConfiguration(file?.name)
  const sources = adapterSources(options.adapters ?? passed?.adapters ?? file?.config.adapters ?? [], load)
  const source = sourceFor(String(url), sources)
  // Options of one adapter mean nothing to another.
  const foreign = file?.config.url !== undefined && sourceFor(String(file.config.url), sources) !== source
  return {
    url: String(url),
    adapterOptions: passed?.adapterOptions ?? (foreign ? undefined : file?.config.adapterOptions) ?? {},
    common: merge(file?.config, environment.common, passed, options),
    source,
  }
}

function passedConfig(target: string | URL | ConnectOptions | undefined): SluiceConfig | undefined {
  if (target === undefined) return undefined
  if (typeof target === 'string' || target instanceof URL) {
    if (String(target) === '') throw new SluiceError('INVALID_OPTION', 'url must not be empty', { field: 'url' })
    return { url: target }
  }
  checkConfig('target', target)
  if (target.url !== undefined && String(target.url) !== '') return target
  throw new SluiceError(
    'INVALID_OPTION',
    'target.url is missing. Without any argument connect() takes SLUICE_URL or sluice.config',
    {
      field: 'target.url',
    },
  )
}

/** Later ones win; what is `undefined` was not said. */
function merge(...all: readonly (CommonOptions | undefined)[]): CommonOptions {
  const merged: Record<string, unknown> = {}
  for (const one of all) {
    for (const name of commonOptionNames) if (one?.[name] !== undefined) merged[name] = one[name]
  }
  return merged
}

function noConfiguration(file: string | undefined): SluiceError {
  const lacking = file === undefined ? 'there is no sluice.config file in the working directory' : `${file} has no url`
  const ways =
    'Set SLUICE_URL (for example SLUICE_URL=memory:), write a sluice.config.js with a url, or pass one: connect("memory:")'
  return new SluiceError('NO_CONFIGURATION', `no URL was passed, SLUICE_URL is not set, and ${lacking}. ${ways}`, {
    field: 'url',
  })
}

function attempt<T>(run: () => T, translate: (error: unknown) => SluiceError): T {
  try {
    return run()
  } catch (error) {
    throw translate(error)
  }
}
