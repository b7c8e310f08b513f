import type { Socket } from 'node:net'

/**
 * Ends a connection with RST. A socket whose end is on its way cannot be reset: Node (20.20) would leave it open for ever and take a whole
 * core when the process ends, so such a one is closed.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
