import { adapterError, type AdapterError } from '@sluice/core/spi'

export const closedError = (): Error & AdapterError => adapterError('CLOSED', 'the adapter is closed')
