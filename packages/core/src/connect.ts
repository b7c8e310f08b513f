import type { ConnectExtras, ConnectOptions } from './config/connect-options.js'
import type { Messaging } from './messaging-handle.js'

/**
 * Connects by configuration: the scheme of the URL chooses the adapter (`memory:`, `amqp:`, `amqps:`, `kafka:`), whose package is
 * loaded on demand. Without a target the URL is that of SLUICE_URL, else of the file `sluice.config.{js,mjs,cjs,json,ts,mts}` in the
 * working directory, from which the other options come too. What is passed here wins over the environment variables SLUICE_TOPOLOGY,
 * SLUICE_CLIENT_NAME, SLUICE_STARTUP_TIMEOUT_MS and SLUICE_PUBLISH_TIMEOUT_MS, and these over the file. When SLUICE_URL chooses
 * another adapter than the file, the `adapterOptions` of the file are left out.
 * @throws SluiceError before anything is started: UNKNOWN_OPTION, INVALID_OPTION, NO_CONFIGURATION, INVALID_CONFIGURATION,
 * UNKNOWN_SCHEME, DUPLICATE_ADAPTER, ADAPTER_MISSING; then what `createMessaging` throws. All as a rejection, none with a password.
 */
export async function connect(target?: string | URL | ConnectOptions, options: ConnectExtras = {}): Promise<Messaging> {
  // Loaded by whoever connects, see createMessaging.
  const [{ connectIn }, { loadPackage }] = await Promise.all([
    import('./config/connect.js'),
    import('./config/adapters.js'),
  ])
  return connectIn({ env: process.env, directory: process.cwd(), load: loadPackage }, target, options)
}
