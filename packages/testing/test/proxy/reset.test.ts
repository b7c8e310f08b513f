import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { reset } from '../../src/proxy/reset.js'

interface Pair {
  readonly near: Socket
  readonly far: Socket
  /** Codes of what went wrong on the near side. */
  readonly errors: unknown[]
}

async function connected(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown]
  onTestFinished(() => {
    far.destroy()
    server.close()
  })
  const errors: unknown[] = []
  near.on('error', (error) => errors.push('code' in error ? error.code : error))
  far.on('error', () => undefined).resume()
  return { near, far, errors }
}

const closing = (socket: Socket): Promise<boolean> => new Promise((resolve) => void socket.once('close', resolve))

it('resets a connection, whose other side hears of it', async () => {
  const { near, far } = await connected()
  const closed = closing(far)
  reset(near)
  expect(await closed, 'by an error').toBe(true)
})

it('closes a socket whose end is on its way, which Node cannot reset', async () => {
  const { near, far, errors } = await connected()
  const closed = [closing(near), once(far, 'end')]
  near.write('the last words')
  near.end()
  reset(near)
  await Promise.all(closed)
  expect(errors).toEqual([])
})
