import { SluiceError } from '@sluice/core'
import { checkKeys } from '@sluice/core/spi'
import { createSecureContext, type ConnectionOptions } from 'node:tls'

/** Where to connect to is said elsewhere, and would be ignored here. */
const elsewhere: readonly string[] = ['host', 'port', 'path', 'socket']

/**
 * Options for Node, `undefined` for plain TCP.
 * @throws SluiceError INVALID_OPTION
 */
export function resolveTls(tls: boolean | ConnectionOptions | undefined): ConnectionOptions | undefined {
  if (tls === undefined || typeof tls === 'boolean') return tls === true ? {} : undefined
  // Node knows what may stand in it; only the kind of object is checked here.
  checkKeys('tls', tls, typeof tls === 'object' && tls !== null ? Object.keys(tls) : [])
  for (const name of elsewhere) if (name in tls) throw invalid(`tls.${name}`, 'is for url to say')
  try {
    createSecureContext(tls)
  } catch (cause) {
    throw invalid('tls', `cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  return { ...tls }
}

function invalid(field: string, text: string, cause?: unknown): SluiceError {
  return new SluiceError('INVALID_OPTION', `${field} ${text}`, { field, cause })
}
