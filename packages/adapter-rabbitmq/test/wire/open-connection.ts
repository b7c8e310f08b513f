import type { ConsumeEvents, WireDelivery, WireMessage } from '../../src/wire/port.js'
import { connectTo, target, type Connected } from './connect-to.js'
import { startScriptedServer, type Peer, type ScriptedServer } from './scripted-server.js'

const servers: ScriptedServer[] = []

/** Ends all brokers; for `afterEach`. */
export async function endBrokers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close()))
}

/** An open connection and its other end. */
export async function openConnection(heartbeatSeconds = 10): Promise<Connected & { peer: Peer }> {
  let peer: Peer | undefined
  const server = await startScriptedServer((one) => (peer = one.greet(heartbeatSeconds)))
  servers.push(server)
  const connected = await connectTo(target(server.port, { heartbeatSeconds }))
  return Object.assign(connected, { peer: peer as Peer })
}

export const message = (changes: Partial<WireMessage> = {}): WireMessage => ({
  exchange: 'orders',
  routingKey: '0',
  mandatory: true,
  properties: { messageId: 'a' },
  content: new Uint8Array([1, 2, 3]),
  ...changes,
})

/** What a consumer has heard. */
export function listener(): ConsumeEvents & { readonly heard: string[]; readonly deliveries: WireDelivery[] } {
  const heard: string[] = []
  const deliveries: WireDelivery[] = []
  return {
    heard,
    deliveries,
    delivered: (delivery) => {
      deliveries.push(delivery)
      heard.push(Buffer.from(delivery.content).toString())
    },
    cancelled: () => heard.push('cancelled'),
  }
}
