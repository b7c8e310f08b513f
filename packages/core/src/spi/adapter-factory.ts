import type { Adapter } from './adapter.js'

/**
 * What `connect` needs to make an adapter out of a URL. The package of an adapter exports one under the name `adapterFactory`:
 *
 *     export const adapterFactory: AdapterFactory = { schemes: ['kafka'], fromUrl: (url, options) => kafka(…) }
 */
export interface AdapterFactory {
  /** URL schemes that it is for, in lower case and without the colon: `['amqp', 'amqps']`. */
  readonly schemes: readonly string[]
  /**
   * Makes the adapter. Connects to nothing: that is `Adapter.open`. The URL is text and no `URL` object, which has no room for several
   * hosts. `options` is what the application gave as `adapterOptions`, `{}` by default; it comes unchecked and wins over the URL.
   * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION or INVALID_CONFIGURATION, naming the field and never a credential
   */
  fromUrl(url: string, options: Readonly<Record<string, unknown>>): Adapter
}
