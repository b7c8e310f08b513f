import { setTimeout as delay } from 'node:timers/promises'
import { startFaultProxy, type FaultProxy } from '@sluice/testing'
import type { Sample } from '../../../sample.js'
import type { MeasureTask } from '../../../suite.js'
import { nodeOf, type AskedNode } from '../node/asked-node.js'
import { percentile } from '../../../broker/percentile.js'
import { openSteadyLoad, type SteadyLoad } from './steady-load.js'

const heartbeatSeconds = 5
/** Short and long ones in turn: how far apart attempts are by then differs. */
const outagesMs = [200, 1_000, 400, 2_500, 700, 5_000]
const outages = { full: 24, quick: 3 }
const restarts = { full: 3, quick: 1 }
const silenceMs = 15_000

interface Scene {
  readonly node: AskedNode
  /** The network between the client and the node. */
  readonly network: FaultProxy
  readonly load: SteadyLoad
  readonly quick: boolean
}

/** From the moment in which a cut link carries bytes again to the first delivery. */
export const measureHealing = (task: MeasureTask): Promise<Sample> =>
  onScene(task, async ({ network, load, quick }) => {
    const times: number[] = []
    for (let outage = 0; outage < outages[quick ? 'quick' : 'full']; outage += 1) {
      const heal = await network.refuse()
      network.cut()
      await delay(outagesMs[outage % outagesMs.length])
      const delivered = load.nextDelivery()
      const healedAt = performance.now()
      await heal()
      times.push((await delivered) - healedAt)
      await load.caughtUp()
    }
    return { outages: times.length, healedP50Ms: percentile(times, 0.5), healedP99Ms: percentile(times, 0.99) }
  })

/** From the moment in which a restarted broker answers clients to the first delivery; 0 when that came before the answer was noticed. */
export const measureRestart = (task: MeasureTask): Promise<Sample> =>
  onScene(task, async ({ node, load, quick }) => {
    const times: number[] = []
    for (let restart = 0; restart < restarts[quick ? 'quick' : 'full']; restart += 1) {
      await node.stop()
      const delivered = load.nextDelivery()
      await node.start()
      const startedAt = performance.now()
      times.push(Math.max(0, (await delivered) - startedAt))
      await load.caughtUp()
    }
    return { restarts: times.length, restartedMaxMs: Math.max(...times) }
  })

/** From the last byte to the moment in which the application can know, in heartbeats; on both connections. */
export const measureSilence = (task: MeasureTask): Promise<Sample> =>
  onScene(task, async ({ network, load }) => {
    const lost = new Map<string, number>()
    load.messaging.on('connection', ({ side, state }) => {
      if (state === 'lost' && !lost.has(side)) lost.set(side, performance.now())
    })
    const silentAt = performance.now()
    const speak = network.silence()
    await delay(silenceMs)
    const delivered = load.nextDelivery()
    const healedAt = performance.now()
    await speak()
    const healedMs = (await delivered) - healedAt
    if (lost.size < 2) throw new Error(`only ${[...lost.keys()].join()} has noticed a silence of ${silenceMs} ms`)
    const noticedMs = Math.max(...lost.values()) - silentAt
    return { noticedMs, noticedHeartbeats: noticedMs / 1_000 / heartbeatSeconds, healedMs }
  })

async function onScene(task: MeasureTask, measure: (scene: Scene) => Promise<Record<string, number>>): Promise<Sample> {
  const node = nodeOf(task)
  const network = await startFaultProxy({ host: '127.0.0.1', port: node.port })
  const url = `amqp://guest:guest@${network.host}:${network.port}`
  const load = await openSteadyLoad({ url, heartbeatSeconds })
  const startedAt = performance.now()
  const cpuAtStart = process.cpuUsage()
  const figures = await measure({ node, network, load, quick: task.quick })
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuAtStart)
  const { handled } = load
  await load.close()
  await network.close()
  return { messagesPerSecond: handled / seconds, cpuMicros: (user + system) / handled, figures }
}
