import { checkKeys } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { commonOptionNames } from '../messaging-check.js'
import type { CommonOptions } from '../messaging-options.js'
import type { AdapterFactory } from '../spi/adapter-factory.js'

/** What a `sluice.config` file may say. */
export interface SluiceConfig extends CommonOptions {
  /** Address of the broker; its scheme chooses the adapter. @default the environment variable SLUICE_URL */
  readonly url?: string | URL
  /** Options of the adapter, beside what its URL says. See the documentation of the adapter. @default none */
  readonly adapterOptions?: Readonly<Record<string, unknown>>
  /** Adapters beside those that Sluice finds by itself. @default none */
  readonly adapters?: readonly AdapterFactory[]
}

/** What `connect` takes instead of a URL. */
export interface ConnectOptions extends SluiceConfig {
  readonly url: string | URL
}

/** What `connect` takes beside a URL. */
export interface ConnectExtras extends CommonOptions {
  /** Adapters beside those that Sluice finds by itself. @default none */
  readonly adapters?: readonly AdapterFactory[]
}

/** @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION */
export function checkConfig(where: string, config: unknown): asserts config is SluiceConfig {
  checkKeys(where, config as object, [...commonOptionNames, 'url', 'adapterOptions', 'adapters'])
  const { url, adapterOptions, adapters } = config as Readonly<Record<string, unknown>>
  if (url !== undefined && typeof url !== 'string' && !(url instanceof URL))
    throw invalid(`${where}.url`, 'must be a text or a URL')
  if (
    adapterOptions !== undefined &&
    (typeof adapterOptions !== 'object' || adapterOptions === null || Array.isArray(adapterOptions))
  ) {
    throw invalid(`${where}.adapterOptions`, 'must be an object')
  }
  if (adapters !== undefined && !Array.isArray(adapters)) throw invalid(`${where}.adapters`, 'must be an array')
}

const invalid = (field: string, text: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
