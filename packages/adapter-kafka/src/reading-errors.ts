import { adapterError, type AdapterError } from '@sluice/core/spi'

/** `where` is the group, and what it reads. */
export function unreadable(where: string, offset: number, cause: Error): Error & AdapterError {
  const text = `${where}: what is stored at ${offset} cannot be read: ${cause.message}`
  return adapterError('UNREADABLE', text, { scope: 'group', cause })
}

export const positionLost = (text: string): Error & AdapterError =>
  adapterError('POSITION_LOST', text, { scope: 'group' })
