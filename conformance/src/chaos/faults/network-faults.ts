import { setTimeout as delay } from 'node:timers/promises'
import type { FaultProxy, Undo } from '@sluice/testing'
import { between, oneOf, type FaultKind } from '../target.js'

/** What stands in front of each node of a broker. */
export interface Proxied {
  readonly proxies: readonly FaultProxy[]
}

/** What happens on the way to the broker. */
export function networkFaults(proxied: Proxied): readonly FaultKind[] {
  return [cut(proxied), cutSome(proxied), blackHole(proxied), slices(proxied), oneWay(proxied)]
}

const cut = ({ proxies }: Proxied): FaultKind => ({
  id: 'F1',
  title: 'all connections cut',
  expectedMs: 2_000,
  weight: 15,
  async run(scene) {
    const ms = between(scene, 50, 500)
    scene.facts.loses(null)
    const accept = await onAll(proxies, (proxy) => proxy.refuse())
    for (const proxy of proxies) proxy.cut()
    await delay(ms)
    await accept()
    return `all connections cut and refused for ${ms} ms`
  },
})

const cutSome = ({ proxies }: Proxied): FaultKind => ({
  id: 'F1',
  title: 'some connections cut',
  expectedMs: 2_000,
  weight: 12,
  async run(scene) {
    let connections = 0
    const ms = between(scene, 200, 800)
    for (let turn = 0; turn < 3; turn++) {
      // Each time by itself: what was sent again after one turn may be on its way in the next.
      scene.facts.loses(null)
      for (const connection of proxies.flatMap((proxy) => proxy.connections)) {
        if (scene.random() >= 0.3) continue
        connections += 1
        connection.cut()
      }
      await delay(ms / 3)
    }
    return `${connections} connections cut within ${ms} ms`
  },
})

const blackHole = ({ proxies }: Proxied): FaultKind => ({
  id: 'F2',
  title: 'black hole',
  expectedMs: 18_000,
  weight: 4,
  async run(scene) {
    const ms = 15_000
    scene.facts.loses(null)
    const speak = await onAll(proxies, (proxy) => Promise.resolve(proxy.silence()))
    await delay(ms)
    await speak()
    return `silence for ${ms} ms`
  },
})

const slices = ({ proxies }: Proxied): FaultKind => ({
  id: 'F3',
  title: 'half frames and tiny pieces',
  expectedMs: 4_000,
  weight: 12,
  async run(scene) {
    const ms = between(scene, 1_000, 2_000)
    const undos: Undo[] = []
    scene.facts.loses(null)
    const connections = proxies.flatMap((proxy) => proxy.connections)
    for (let piece = 0; piece < 2; piece++) undos.push(oneOf(scene, connections).slice(between(scene, 1, 8)))
    for (let half = 0; half < 4; half++) {
      const direction = scene.random() < 0.5 ? 'toBroker' : 'toClient'
      undos.push(oneOf(scene, connections).cutAfter({ bytes: between(scene, 1, 20_000), direction }))
    }
    await delay(ms)
    await Promise.all(undos.map((undo) => undo()))
    return `2 connections in tiny pieces, 4 cut in mid-frame, within ${ms} ms`
  },
})

const oneWay = ({ proxies }: Proxied): FaultKind => ({
  id: 'F17',
  title: 'answers lost',
  expectedMs: 7_000,
  weight: 4,
  async run(scene) {
    const ms = between(scene, 2, 3) * scene.heartbeatMs
    scene.facts.loses(null)
    const speak = await onAll(proxies, (proxy) => Promise.resolve(proxy.silence({ direction: 'toClient' })))
    await delay(ms)
    await speak()
    return `nothing from the broker to its clients for ${ms} ms`
  },
})

/** Breaks all of them. Returns what mends all of them. */
async function onAll(proxies: readonly FaultProxy[], fault: (proxy: FaultProxy) => Promise<Undo>): Promise<Undo> {
  const undos = await Promise.all(proxies.map(fault))
  return async () => void (await Promise.all(undos.map((undo) => undo())))
}
