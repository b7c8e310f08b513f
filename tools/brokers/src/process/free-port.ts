import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { BrokerError } from '../broker-error.js'

/**
 * Below the ports that the kernel gives to outgoing connections: a broker that is down for a while would otherwise find
 * its port taken by some client when it comes back.
 */
const first = 15_000
const afterLast = 32_000
const given = new Set<number>()

/** A loopback port that nobody listens on, and that this process gives out once only. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const port = randomInt(first, afterLast)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
  throw new BrokerError('FAILED', `No free port between ${first} and ${afterLast} on 127.0.0.1`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
