import type { SluiceConfig } from './connect-options.js'

/** Types the configuration in `sluice.config.js`: `export default defineConfig({ url: 'amqp://localhost' })`. `connect` checks it. */
export function defineConfig(config: SluiceConfig): SluiceConfig {
  return config
}
