import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { watchRunTime } from '../run-time.js'
import { connectTo, target } from './connect-to.js'
import { close, content, frame, heartbeat, HEADER, id, method, openOk, tune, u16, u64 } from './frames.js'
import { startScriptedServer, type Peer, type ScriptedServer } from './scripted-server.js'

const servers: ScriptedServer[] = []
const peers: Peer[] = []
async function serve(script: (peer: Peer) => void): Promise<number> {
  const server = await startScriptedServer((peer) => {
    peers.push(peer)
    script(peer)
  })
  servers.push(server)
  return server.port
}
/** Nothing of an attempt is left: the other end is told. */
const hungUp = (): Promise<unknown> =>
  Promise.all(peers.map(async ({ socket }) => socket.destroyed || (await once(socket, 'close'))))

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  peers.splice(0)
})

describe('a handshake', () => {
  it('opens a connection', async () => {
    const port = await serve((peer) => peer.greet(3))
    const { connection, closed, log } = await connectTo(target(port, { connectionName: 'shop publish' }))
    expect(connection.server).toEqual({ product: 'Script', version: '1' })
    expect(connection.heartbeatSeconds).toBe(3)
    const [peer] = peers
    const { payload } = await (peer as Peer).next(id.startOk)
    expect(payload.toString('latin1')).toMatch(/product.{5}Sluice/s)
    expect(payload.toString('latin1')).toMatch(/connection_name.{5}shop publish/s)
    expect(payload.toString('latin1')).toContain('\0guest\0guest')
    await connection.close(1_000)
    expect(await closed).toMatchObject({ kind: 'closed', scope: 'connection' })
    expect(log).toEqual(['closed'])
    await hungUp()
  })

  it.each([
    ['refused credentials', 403, 'ACCESS_REFUSED - Login was refused', id.startOk],
    ['a missing vhost', 530, 'NOT_ALLOWED - vhost nope not found', id.open],
    ['a broker that is going', 320, 'CONNECTION_FORCED - shutdown', id.open],
  ])('says why: %s', async (_what, replyCode, text, at) => {
    const port = await serve((peer) => peer.greet().answer(at, () => close(replyCode, text)))
    await expect(connectTo(target(port))).rejects.toMatchObject({
      kind: 'server',
      scope: 'connection',
      replyCode,
      message: text,
    })
    await hungUp()
  })

  it.each([320, 541])('says why when the broker closes with %i right behind its last frame', async (replyCode) => {
    const port = await serve((peer) =>
      peer.greet().answer(id.open, () => Buffer.concat([openOk(), close(replyCode, 'no more')])),
    )
    await expect(connectTo(target(port))).rejects.toMatchObject({ kind: 'server', replyCode, message: 'no more' })
    await hungUp()
  })

  it('tells of an alarm that comes right behind its last frame', async () => {
    const blocked = method(0, id.blocked, Buffer.from('\u0006memory'))
    const port = await serve((peer) => peer.greet().answer(id.open, () => Buffer.concat([openOk(), blocked])))
    const { connection, log } = await connectTo(target(port))
    await expect.poll(() => log).toEqual([expect.stringContaining('blocked')])
    connection.destroy('done')
  })

  it.each([
    ['hangs up at once', (peer: Peer) => peer.socket.destroy(), 'io'],
    [
      'hangs up under way',
      (peer: Peer) => peer.greet().answer(id.open, () => (peer.socket.end(), Buffer.alloc(0))),
      'io',
    ],
    ['speaks something else', (peer: Peer) => peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'protocol'],
    ['skips a step', (peer: Peer) => peer.answer(id.startOk, openOk), 'protocol'],
    ['sends a heartbeat too early', (peer: Peer) => peer.answer(id.startOk, heartbeat), 'protocol'],
    [
      'sends a message too early',
      (peer: Peer) => peer.answer(id.startOk, () => content(0, Buffer.from('x'))),
      'protocol',
    ],
    [
      'sends the head of a message in place of the end',
      (peer: Peer) =>
        peer.greet().answer(id.open, () => frame(HEADER, 0, Buffer.concat([u16(60), u16(0), u64(1), u16(0)]))),
      'protocol',
    ],
    ['wants frames that are too small', (peer: Peer) => peer.answer(id.startOk, () => tune(0, 100)), 'protocol'],
    [
      'announces a frame of a gigabyte',
      (peer: Peer) => peer.answer(id.startOk, () => Buffer.from('0100003fffffff', 'hex')),
      'protocol',
    ],
  ])('fails when the other side %s', async (_what, script, kind) => {
    const port = await serve(script)
    await expect(connectTo(target(port, { connectTimeoutMs: 2_000 }))).rejects.toMatchObject({
      kind,
      scope: 'connection',
    })
    await hungUp()
  })

  it.each([
    ['never says a word', (peer: Peer) => void (peer.silent = true)],
    ['stops in the middle', (peer: Peer) => peer.answer(id.startOk, () => tune())],
    [
      'lives, but comes to no end',
      (peer: Peer) => {
        peer.answer(id.startOk, () => Buffer.from('010000000001ff', 'hex'))
        setInterval(() => peer.send(Buffer.of(0)), 20).unref()
      },
    ],
  ])('gives up in time when the other side %s', async (_what, script) => {
    const port = await serve(script)
    const ranMs = watchRunTime()
    await expect(connectTo(target(port, { connectTimeoutMs: 150 }))).rejects.toMatchObject({
      kind: 'io',
      errno: 'ETIMEDOUT',
    })
    expect(ranMs()).toBeLessThan(1_000)
    await hungUp()
  })

  it('is given up by its signal, before and under way', async () => {
    const abort = new AbortController()
    const port = await serve((peer) => void peer.next(id.startOk).then(() => abort.abort()))
    await expect(connectTo(target(port), abort.signal)).rejects.toMatchObject({ kind: 'closed' })
    await hungUp()
    await expect(connectTo(target(port), abort.signal)).rejects.toMatchObject({ kind: 'closed' })
    expect(peers).toHaveLength(1)
  })

  it('says where nobody listens', async () => {
    const port = await serve(() => {})
    await servers.pop()?.close()
    await expect(connectTo(target(port))).rejects.toMatchObject({
      kind: 'io',
      errno: 'ECONNREFUSED',
      message: `127.0.0.1:${port}: ECONNREFUSED`,
    })
    await expect(connectTo(target(port, { host: 'nowhere.invalid' }))).rejects.toMatchObject({ errno: 'ENOTFOUND' })
  })
})
