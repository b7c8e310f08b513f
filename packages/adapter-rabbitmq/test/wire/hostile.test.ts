import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WireError } from '../../src/wire/wire-error.js'
import { connectTo, target, type Connected } from './connect-to.js'
import { id, openOk, tune } from './frames.js'
import { Dice, hostileFrame, spoil } from './hostile-frames.js'
import { startScriptedServer, type Peer, type ScriptedServer } from './scripted-server.js'

const FRAMES = 100_000
const HANDSHAKES = 1_000
const AT_ONCE = 25

let server: ScriptedServer
let script: (peer: Peer) => void

beforeAll(async () => {
  server = await startScriptedServer((peer) => script(peer))
})
afterAll(() => server.close())

/** Runs `one` for seed after seed, some of them at the same time, for as long as `more` says. */
async function forSeeds(more: (seed: number) => boolean, one: (seed: number) => Promise<void>): Promise<void> {
  let seed = 0
  const runs = Array.from({ length: AT_ONCE }, async () => {
    while (more(seed + 1)) {
      seed += 1
      await one(seed)
    }
  })
  await Promise.all(runs)
}

/** What a client does with a connection: everything that can be under way when something odd comes. */
async function use({ connection, channelEvents, closed, log }: Connected, seed: number): Promise<void> {
  const nothing = { delivered: () => {}, cancelled: () => {} }
  const waiting = [
    connection.openChannel(channelEvents('one')).then(async (channel) => {
      await channel.consume('q', { noAck: false }, nothing)
      await Promise.all([channel.sync(), channel.get('q'), channel.checkQueue('q'), channel.prefetch(1)])
    }),
    connection.openConfirmChannel(channelEvents('two')).then((channel) => {
      for (let count = 0; count < 10; count += 1) {
        channel.publishConfirmed({
          exchange: 'e',
          routingKey: 'k',
          mandatory: true,
          properties: {},
          content: Buffer.of(1),
        })
      }
      return channel.declareQueue('q', { durable: true, arguments: {} })
    }),
  ]
  const results = await Promise.allSettled(waiting)
  const reason = await closed
  const unexpected = results.filter((result) => result.status === 'rejected' && !(result.reason instanceof WireError))
  expect(unexpected, `seed ${seed}`).toEqual([])
  expect(reason, `seed ${seed}`).toBeInstanceOf(WireError)
  expect(
    log.filter((line) => line === 'closed'),
    `seed ${seed}`,
  ).toHaveLength(1)
  expect(log.at(-1), `seed ${seed}`).toBe('closed')
}

describe('a hostile broker', () => {
  it(`sends ${FRAMES} frames: every connection ends, once, and takes nothing with it`, async () => {
    const before = process.memoryUsage().rss
    let accepted = 0
    let sent = 0
    script = (peer) => {
      accepted += 1
      const dice = new Dice(accepted)
      const wildness = dice.pick([0, 1, 5, 30, 100])
      // Where nearly everything ends the connection, what follows is hardly looked at.
      const count = Math.ceil(1_000 / (1 + wildness))
      const stages = [id.open, id.channelOpen, id.consume, id.publish, id.queueDeclare]
      const from = wildness < 5 ? [id.queueDeclare, id.get] : [dice.pick(stages)]
      peer.greet()
      void Promise.all(from.map((one) => peer.next(one))).then(() => {
        peer.send(...Array.from({ length: count }, () => hostileFrame(dice, wildness)))
        sent += count
        peer.socket.end()
      })
    }
    await forSeeds(
      () => sent < FRAMES,
      async (seed) => {
        const connected = await connectTo(target(server.port)).catch((error: unknown) => {
          expect(error, `seed ${seed}`).toBeInstanceOf(WireError)
        })
        if (connected !== undefined) await use(connected, seed)
      },
    )
    // 25 connections at once hold a few megabytes; what would be kept of each one would show.
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6)
  }, 60_000)

  it(`spoils ${HANDSHAKES} handshakes: each fails in time, or opens a connection that ends as it should`, async () => {
    let accepted = 0
    script = (peer) => {
      accepted += 1
      const dice = new Dice(accepted)
      const at = dice.pick([id.startOk, id.open])
      peer.greet().answer(at, () => {
        const frames = [at === id.open ? openOk() : tune(), ...Array.from({ length: 3 }, () => hostileFrame(dice, 50))]
        const order = dice.next(2) === 0 ? frames : frames.reverse()
        peer.socket.setTimeout(200, () => peer.socket.end())
        return Buffer.concat(order.map((frame) => (dice.next(2) === 0 ? spoil(frame, dice) : frame)))
      })
    }
    let failed = 0
    await forSeeds(
      (seed) => seed <= HANDSHAKES,
      async (seed) => {
        const connected = await connectTo(target(server.port, { connectTimeoutMs: 1_000 })).catch((error: unknown) => {
          failed += 1
          expect(error, `seed ${seed}`).toBeInstanceOf(WireError)
        })
        if (connected !== undefined) await use(connected, seed)
      },
    )
    expect(failed).toBeGreaterThan(HANDSHAKES / 4)
  }, 60_000)
})
