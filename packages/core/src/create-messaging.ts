import type { Messaging } from './messaging-handle.js'
import type { MessagingOptions } from './messaging-options.js'
import type { Capabilities } from './spi/capabilities.js'

/**
 * Connects with an adapter that you made yourself; its capabilities are known to the type system.
 * @throws SluiceError before any I/O for wrong options; CONNECT_TIMEOUT, DENIED or TOPOLOGY_MISMATCH while connecting. All as a rejection.
 */
export async function createMessaging<C extends Capabilities>(options: MessagingOptions<C>): Promise<Messaging<C>> {
  // Loaded by whoever connects: a module that only defines topics, or a handler's file, stays cheap to import.
  const { openMessaging } = await import('./messaging.js')
  return openMessaging(options)
}
