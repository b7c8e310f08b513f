/** Connecting by configuration: `@sluice/core/config`. */
export { connect, type ConnectExtras, type ConnectOptions, type SluiceConfig } from './connect.js'
export { defineConfig } from './define-config.js'
export { maskUrl, printableConfig } from './mask.js'
export type { AdapterFactory } from '../spi/adapter-factory.js'
