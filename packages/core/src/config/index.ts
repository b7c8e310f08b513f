/** Configuration: `@sluice/core/config`. */
export type { ConnectExtras, ConnectOptions, SluiceConfig } from './connect-options.js'
export { defineConfig } from './define-config.js'
export { maskUrl, printableConfig } from './mask.js'
export type { AdapterFactory } from '../spi/adapter-factory.js'
