import { once } from 'node:events'
import type { Server } from 'node:net'

/**
 * Below the ports that systems give to outgoing connections, so that a port that is closed for a while is still free when
 * it is wanted back.
 */
const first = 10_000
const afterLast = 15_000
let next = first + (process.pid % (afterLast - first))

/** Makes a server listen on loopback. @returns the port. @throws Error when it cannot */
export async function listen(server: Server, wanted?: number): Promise<number> {
  if (wanted !== undefined) {
    await listenOn(server, wanted)
    return wanted
  }
  for (let tries = afterLast - first; tries > 0; tries -= 1) {
    const port = next
    next = next + 1 < afterLast ? next + 1 : first
    try {
      await listenOn(server, port)
      return port
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
  throw new Error(`Fault proxy: no free port between ${first} and ${afterLast}`)
}

async function listenOn(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  await listening
}
